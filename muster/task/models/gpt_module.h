#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "muster/task/models/dropout.h"
#include "muster/task/models/gpt.h"

namespace muster::inline task {

/// The keys (turned, where positions are rotary) and values of the tokens that a GPT has read so far, of
/// every layer, each heads x places x head width.
struct GptMemory {
  std::vector<at::Tensor> keys, values;
  int64_t places = 0;
};

/// A weight and perhaps a bias, under the names "weight" and "bias".
struct GptWeights : torch::nn::Module {
  GptWeights(std::vector<int64_t> shape, bool with_bias);
  at::Tensor weight, bias;
};

struct GptAttention : torch::nn::Module {
  explicit GptAttention(const GptShape& shape);
  /// x: (samples * places) x width, and so the result.
  at::Tensor forward(const at::Tensor& x, int64_t places, const at::Tensor& rotary_table) const;
  /// One sample; appends to the memory of layer `layer`. `x` holds one place unless the memory is empty.
  at::Tensor read(const at::Tensor& x, const at::Tensor& rotary_table, GptMemory& memory, size_t layer) const;
  std::shared_ptr<GptWeights> c_attn, c_proj;
  int64_t heads;
};

struct GptFeedForward : torch::nn::Module {
  explicit GptFeedForward(const GptShape& shape);
  at::Tensor forward(const at::Tensor& x) const;
  std::shared_ptr<GptWeights> c_fc, c_proj;
};

struct GptBlock : torch::nn::Module {
  explicit GptBlock(const GptShape& shape);
  std::shared_ptr<GptWeights> ln_1, ln_2;
  std::shared_ptr<GptAttention> attn;
  std::shared_ptr<GptFeedForward> mlp;
};

/// The network of gpt.h.
class GptModule : public torch::nn::Module {
 public:
  explicit GptModule(const GptShape& shape);
  at::Tensor forward(const at::Tensor& tokens, Dropout& dropout) const;
  /// Logits (vocabulary) of the token after `tokens` (int64, 1 x places), which continue those in the memory:
  /// one token, or several into an empty memory; at most `context` places in all.
  at::Tensor read(const at::Tensor& tokens, GptMemory& memory) const;
  const GptShape& shape() const { return shape_; }

 private:
  at::Tensor embed(const at::Tensor& tokens, int64_t first) const;
  at::Tensor table_of(int64_t first, int64_t places) const;
  const at::Tensor& head() const { return (lm_head_ ? lm_head_ : wte_)->weight; }

  GptShape shape_;
  std::shared_ptr<GptWeights> wte_, wpe_, ln_f_, lm_head_;  // lm_head_: null where it is tied to wte_
  std::vector<std::shared_ptr<GptBlock>> blocks_;
  at::Tensor rotary_table_;  // no parameter: follows from the shape
};

}  // namespace muster::inline task
