#include "muster/task/models/vit.h"

#include <ATen/Functions.h>
#include <torch/nn/modules/normalization.h>

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "muster/task/models/layer_module.h"

namespace muster::inline task {

namespace {

using LayerNorm = torch::nn::LayerNormImpl;

std::shared_ptr<LayerNorm> make_layer_norm(int64_t width) {
  return std::make_shared<LayerNorm>(torch::nn::LayerNormOptions({width}));
}

// Applies the norm in the type of its weights, also to the result of a product in bf16.
at::Tensor normed(LayerNorm& norm, const at::Tensor& x) {
  return norm.forward(x.to(norm.weight.scalar_type()));
}

void add_norm(Chain& chain, int64_t width) {
  const auto norm = make_layer_norm(width);
  chain.add(norm, [norm = norm.get()](const at::Tensor& x, Dropout&) { return normed(*norm, x); });
}

// softmax(q k' / sqrt(head width)) v in every head; batch x tokens x width.
class Attention : public torch::nn::Module {
 public:
  explicit Attention(const VitShape& shape)
      : heads_(shape.heads),
        head_width_(shape.head_width),
        norm_(register_module("norm", make_layer_norm(shape.width))),
        to_qkv_(
            register_module("to_qkv", torch_linear(shape.width, 3 * shape.heads * shape.head_width, false))),
        to_out_(register_module("to_out", torch_linear(shape.heads * shape.head_width, shape.width, false))) {
  }

  at::Tensor forward(const at::Tensor& x) const {
    const int64_t batch = x.size(0), tokens = x.size(1);
    const at::Tensor qkv = to_qkv_->forward(normed(*norm_, x));
    const std::vector<at::Tensor> parts =
        qkv.reshape({batch, tokens, 3, heads_, head_width_}).permute({2, 0, 3, 1, 4}).unbind(0);
    const at::Tensor query = parts[0] * (1.0 / std::sqrt(static_cast<double>(head_width_)));
    const at::Tensor attention = at::matmul(query, parts[1].transpose(-1, -2)).softmax(-1);
    return to_out_->forward(at::matmul(attention, parts[2]).transpose(1, 2).flatten(2));
  }

 private:
  int64_t heads_, head_width_;
  std::shared_ptr<LayerNorm> norm_;
  std::shared_ptr<LinearLayer> to_qkv_, to_out_;
};

class FeedForward : public torch::nn::Module {
 public:
  explicit FeedForward(const VitShape& shape) : net_(register_module("net", std::make_shared<Chain>())) {
    add_norm(*net_, shape.width);
    net_->add(torch_linear(shape.width, shape.hidden));
    net_->add([](const at::Tensor& x, Dropout&) { return at::gelu(x); });
    net_->add(torch_linear(shape.hidden, shape.width));
  }

  at::Tensor forward(const at::Tensor& x, Dropout& dropout) const { return net_->forward(x, dropout); }

 private:
  std::shared_ptr<Chain> net_;
};

// The modules of a block are called "0" and "1".
class EncoderBlock : public torch::nn::Module {
 public:
  explicit EncoderBlock(const VitShape& shape)
      : attention_(register_module("0", std::make_shared<Attention>(shape))),
        feed_forward_(register_module("1", std::make_shared<FeedForward>(shape))) {}

  at::Tensor forward(const at::Tensor& tokens, Dropout& dropout) const {
    const at::Tensor x = tokens + attention_->forward(tokens);
    return x + feed_forward_->forward(x, dropout);
  }

 private:
  std::shared_ptr<Attention> attention_;
  std::shared_ptr<FeedForward> feed_forward_;
};

class Transformer : public torch::nn::Module {
 public:
  explicit Transformer(const VitShape& shape)
      : layers_(register_module("layers", std::make_shared<Chain>())) {
    for (int64_t block = 0; block < shape.depth; ++block) {
      auto made = std::make_shared<EncoderBlock>(shape);
      layers_->add(made, [block = made.get()](const at::Tensor& x, Dropout& dropout) {
        return block->forward(x, dropout);
      });
    }
  }

  at::Tensor forward(const at::Tensor& x, Dropout& dropout) const { return layers_->forward(x, dropout); }

 private:
  std::shared_ptr<Chain> layers_;
};

// batch x channels x height x width -> batch x tokens x (row, column, channel of a pixel).
at::Tensor patches_of(const at::Tensor& images, const VitShape& shape) {
  const int64_t side = shape.patch;
  return images
      .reshape({images.size(0), shape.channels, shape.height / side, side, shape.image_width / side, side})
      .permute({0, 2, 4, 3, 5, 1})
      .reshape({images.size(0), shape.tokens(), side * side * shape.channels});
}

class SimpleVit : public torch::nn::Module {
 public:
  explicit SimpleVit(const VitShape& shape)
      : places_(place_code(shape)),
        embedding_(register_module("to_patch_embedding", std::make_shared<Chain>())),
        transformer_(register_module("transformer", std::make_shared<Transformer>(shape))),
        head_(register_module("linear_head", std::make_shared<Chain>())) {
    const int64_t pixels = shape.patch * shape.patch * shape.channels;
    embedding_->add([shape](const at::Tensor& images, Dropout&) { return patches_of(images, shape); });
    add_norm(*embedding_, pixels);
    embedding_->add(torch_linear(pixels, shape.width));
    add_norm(*embedding_, shape.width);
    add_norm(*head_, shape.width);
    head_->add(torch_linear(shape.width, shape.classes));
  }

  at::Tensor forward(const at::Tensor& images, Dropout& dropout) const {
    at::Tensor x = embedding_->forward(images, dropout);
    x = transformer_->forward(x + places_.to(x.scalar_type()), dropout);
    return head_->forward(x.mean(1), dropout);
  }

 private:
  at::Tensor places_;
  std::shared_ptr<Chain> embedding_;
  std::shared_ptr<Transformer> transformer_;
  std::shared_ptr<Chain> head_;
};

}  // namespace

at::Tensor place_code(const VitShape& shape) {
  const int64_t columns = shape.image_width / shape.patch, quarter = shape.width / 4;
  at::Tensor code = at::empty({shape.tokens(), shape.width}, at::kFloat);
  float* at = code.data_ptr<float>();
  for (int64_t token = 0; token < shape.tokens(); ++token, at += shape.width) {
    const auto x = static_cast<double>(token % columns);
    const auto y = static_cast<double>(token / columns);  // NOLINT(bugprone-integer-division): the row
    for (int64_t i = 0; i < quarter; ++i) {
      const double omega = std::pow(10000.0, -static_cast<double>(i) / static_cast<double>(quarter - 1));
      at[i] = static_cast<float>(std::sin(x * omega));
      at[quarter + i] = static_cast<float>(std::cos(x * omega));
      at[2 * quarter + i] = static_cast<float>(std::sin(y * omega));
      at[3 * quarter + i] = static_cast<float>(std::cos(y * omega));
    }
  }
  return code;
}

TorchNetwork make_vit(const VitShape& shape) {
  auto module = std::make_shared<SimpleVit>(shape);
  return image_network_of(module, [net = module.get()](const at::Tensor& x, Dropout& dropout) {
    return net->forward(x, dropout);
  });
}

// Kept per block: the input and its norm, twice; queries, keys and values as made and as multiplied; the
// attention; what goes into its output; before and behind GELU. In flight: two maps of the widest kind.
int64_t vit_activations(const VitShape& shape) {
  const int64_t tokens = shape.tokens(), inner = shape.heads * shape.head_width;
  const int64_t attention = shape.heads * tokens * tokens;
  const int64_t block = tokens * (4 * shape.width + 4 * inner + 2 * shape.hidden) + attention;
  const int64_t ends = 3 * shape.channels * shape.height * shape.image_width + 2 * tokens * shape.width;
  return shape.depth * block + ends + 2 * (attention + tokens * shape.hidden);
}

}  // namespace muster::inline task
