#include "muster/task/models/gpt_module.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <cmath>
#include <utility>

#include "muster/base/error.h"
#include "muster/task/models/attention.h"
#include "muster/task/models/gelu.h"
#include "muster/task/models/rotary.h"

namespace muster::inline task {

namespace {

at::Tensor linear(const at::Tensor& x, const GptWeights& layer) {
  return at::linear(x, layer.weight, layer.bias);
}

at::Tensor norm(const at::Tensor& x, const GptWeights& layer) {
  return at::layer_norm(x, layer.weight.sizes(), layer.weight, layer.bias);
}

// x + added. A linear layer's backward pass does not need its output, whose memory can hold the sum.
at::Tensor sum(const at::Tensor& x, at::Tensor added) {
  return x.scalar_type() == added.scalar_type() ? added.add_(x) : x + added;
}

std::shared_ptr<GptWeights> norm_weights(int64_t width) {
  return std::make_shared<GptWeights>(std::vector<int64_t>{width}, true);
}
std::shared_ptr<GptWeights> linear_weights(int64_t inputs, int64_t outputs) {
  return std::make_shared<GptWeights>(std::vector<int64_t>{outputs, inputs}, true);
}

// heads x places x head width of queries (0), keys (1) or values (2) of one sample.
at::Tensor part_of(const at::Tensor& qkv, int64_t part, int64_t heads) {
  const int64_t width = qkv.size(2) / 3;
  return qkv[0].narrow(1, part * width, width).view({qkv.size(1), heads, -1}).transpose(0, 1);
}

}  // namespace

GptWeights::GptWeights(std::vector<int64_t> shape, bool with_bias) {
  weight = register_parameter("weight", at::empty(shape));
  if (with_bias) bias = register_parameter("bias", at::empty({shape[0]}));
}

GptAttention::GptAttention(const GptShape& shape) : heads(shape.heads) {
  c_attn = register_module("c_attn", linear_weights(shape.width, 3 * shape.attention_width()));
  c_proj = register_module("c_proj", linear_weights(shape.attention_width(), shape.width));
}

at::Tensor GptAttention::forward(const at::Tensor& x, int64_t places, const at::Tensor& rotary_table) const {
  const at::Tensor qkv = linear(x, *c_attn);
  const at::Tensor mixed =
      causal_attention(qkv.view({-1, places, qkv.size(1)}), heads, rotary_table).flatten(0, 1);
  return linear(mixed, *c_proj);
}

at::Tensor GptAttention::read(const at::Tensor& x, const at::Tensor& rotary_table, GptMemory& memory,
                              size_t layer) const {
  at::Tensor qkv = linear(x, *c_attn).contiguous();
  if (rotary_table.defined()) rotate(qkv, heads, rotary_table, Turn::forth);
  at::Tensor &keys = memory.keys[layer], &values = memory.values[layer];
  const bool first = !keys.defined();
  keys = first ? part_of(qkv, 1, heads) : at::cat({keys, part_of(qkv, 1, heads)}, 1);
  values = first ? part_of(qkv, 2, heads) : at::cat({values, part_of(qkv, 2, heads)}, 1);
  if (first) return linear(causal_attention(qkv, heads), *c_proj);
  const at::Tensor queries = part_of(qkv, 0, heads);
  const double scale = 1.0 / std::sqrt(static_cast<double>(queries.size(2)));
  const at::Tensor weights = (at::bmm(queries, keys.transpose(1, 2)) * scale).softmax(-1);
  return linear(at::bmm(weights, values).transpose(0, 1).reshape({1, x.size(1), -1}), *c_proj);
}

GptFeedForward::GptFeedForward(const GptShape& shape) {
  c_fc = register_module("c_fc", linear_weights(shape.width, 4 * shape.width));
  c_proj = register_module("c_proj", linear_weights(4 * shape.width, shape.width));
}

at::Tensor GptFeedForward::forward(const at::Tensor& x) const {
  return linear(tanh_gelu(linear(x, *c_fc)), *c_proj);
}

GptBlock::GptBlock(const GptShape& shape) {
  ln_1 = register_module("ln_1", norm_weights(shape.width));
  attn = register_module("attn", std::make_shared<GptAttention>(shape));
  ln_2 = register_module("ln_2", norm_weights(shape.width));
  mlp = register_module("mlp", std::make_shared<GptFeedForward>(shape));
}

GptModule::GptModule(const GptShape& shape) : shape_(shape) {
  const auto transformer = register_module("transformer", std::make_shared<torch::nn::Module>());
  const auto embedding = [&](int64_t entries) {
    return std::make_shared<GptWeights>(std::vector<int64_t>{entries, shape.width}, false);
  };
  wte_ = transformer->register_module("wte", embedding(shape.vocabulary));
  if (shape.positions == GptPositions::learned)
    wpe_ = transformer->register_module("wpe", embedding(shape.context));
  else
    rotary_table_ = rotary_table(shape.context, shape.width_of_head(), at::kDouble);
  const auto list = transformer->register_module("h", std::make_shared<torch::nn::Module>());
  for (int64_t layer = 0; layer < shape.layers; ++layer)
    blocks_.push_back(list->register_module(std::to_string(layer), std::make_shared<GptBlock>(shape)));
  ln_f_ = transformer->register_module("ln_f", norm_weights(shape.width));
  if (!shape.tied_head) lm_head_ = register_module("lm_head", embedding(shape.vocabulary));
}

at::Tensor GptModule::embed(const at::Tensor& tokens, int64_t first) const {
  invariant(tokens.dim() == 2 && first + tokens.size(1) <= shape_.context,
            "a GPT was given more places than its context");
  const at::Tensor x = at::embedding(wte_->weight, tokens);
  return wpe_ ? x + wpe_->weight.narrow(0, first, tokens.size(1)) : x;
}

at::Tensor GptModule::table_of(int64_t first, int64_t places) const {
  if (!rotary_table_.defined()) return {};
  return rotary_table_.narrow(0, first, places).to(wte_->weight.scalar_type());
}

at::Tensor GptModule::forward(const at::Tensor& tokens, Dropout& dropout) const {
  const int64_t places = tokens.size(1);
  const at::Tensor table = table_of(0, places);
  // Samples and places as one dimension: of three, linear layers return views, whose sums cost copies
  // backward.
  at::Tensor x = dropout(embed(tokens, 0), shape_.dropout).flatten(0, 1);
  for (const auto& block : blocks_) {
    const at::Tensor mixed = block->attn->forward(norm(x, *block->ln_1), places, table);
    x = sum(x, dropout(mixed, shape_.dropout));
    x = sum(x, dropout(block->mlp->forward(norm(x, *block->ln_2)), shape_.dropout));
  }
  const at::Tensor logits = at::linear(norm(x, *ln_f_), head());
  return logits.view({tokens.size(0), places, logits.size(1)});
}

at::Tensor GptModule::read(const at::Tensor& tokens, GptMemory& memory) const {
  invariant(tokens.size(0) == 1 && tokens.size(1) >= 1 && (memory.places == 0 || tokens.size(1) == 1),
            "a GPT reads one sample, and one token at a time after the first");
  memory.keys.resize(blocks_.size());
  memory.values.resize(blocks_.size());
  const at::Tensor table = table_of(memory.places, tokens.size(1));
  at::Tensor x = embed(tokens, memory.places);
  for (size_t layer = 0; layer < blocks_.size(); ++layer) {
    const GptBlock& block = *blocks_[layer];
    x = x + block.attn->read(norm(x, *block.ln_1), table, memory, layer);
    x = x + block.mlp->forward(norm(x, *block.ln_2));
  }
  memory.places += tokens.size(1);
  const at::Tensor last = norm(x.narrow(1, tokens.size(1) - 1, 1), *ln_f_);
  return at::linear(last, head()).flatten();
}

}  // namespace muster::inline task
