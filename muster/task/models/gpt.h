#pragma once

#include <cstdint>
#include <memory>

#include "muster/task/models/nn_model.h"

namespace muster::inline task {

enum class GptPositions { learned, rotary };

/// The shape of a GPT: a decoder of GPT-2's layout (Radford et al., 2019). LayerNorm before attention and
/// feed-forward, GELU in its tanh form, feed-forward 4 times as wide, biases everywhere, epsilon of the norms
/// 1e-5, the output tied to the embedding or a matrix of its own; positions learned, or rotary (Su et al.,
/// 2021).
struct GptShape {
  int64_t vocabulary = 256;
  int64_t context = 64;  ///< places
  int64_t layers = 4;
  int64_t width = 128;  ///< of the residual stream
  int64_t heads = 4;
  int64_t head_width = 0;  ///< of keys and values; 0: width / heads
  GptPositions positions = GptPositions::learned;
  bool tied_head = true;  ///< the output's matrix is the embedding's
  double dropout = 0;     ///< of the embedding and of what a block adds; the weights of attention have none

  int64_t width_of_head() const { return head_width == 0 ? width / heads : head_width; }
  int64_t attention_width() const { return heads * width_of_head(); }
  /// Throws OptionError on gpt.*, text.vocabulary or text.context.
  void validate() const;
};

// The decoders of "Asynchronous Local-SGD Training for Language Modeling" (Liu et al., 2024): keys and values
// 64 wide, a vocabulary of 32,000. The context, the positions and the layout of a block are not in the paper.
GptShape gpt_20m();   ///< 6 layers, 256 wide, 4 heads
GptShape gpt_60m();   ///< 3 layers, 896 wide, 16 heads
GptShape gpt_150m();  ///< 12 layers, 896 wide, 16 heads

/// How many parameters a shape has; the embedding is that of the tokens and of learned positions. A head that
/// is not tied is counted outside it.
struct GptCount {
  int64_t all = 0;
  int64_t without_embedding = 0;
};
GptCount count_parameters(const GptShape& shape);

/// The network: tokens (int64, batch x places, at most `context` places) -> logits, batch x places x
/// vocabulary. Parameters have the names of the common checkpoints, transformer.wte.weight,
/// transformer.wpe.weight, transformer.h.0.attn.c_attn.weight and so on, and nanoGPT's layout: weights of
/// linear layers are outputs x inputs (Hugging Face's GPT-2 files hold them transposed, see gpt_layout.h).
/// lm_head.weight, vocabulary x width, is there only where the head is not tied.
/// Begins as GPT-2 does: weights normal(0, 0.02), those that write into the residual stream (c_proj) divided
/// by sqrt(2 layers), biases 0, norms 1 and 0. Throws OptionError.
TorchNetwork make_gpt(const GptShape& shape);

/// Floats held by one forward and backward pass over one sample of `context` tokens, estimated.
int64_t gpt_activations(const GptShape& shape);

}  // namespace muster::inline task
