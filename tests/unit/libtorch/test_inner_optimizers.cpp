// Muster's inner optimizers beside those of torch.
#include <gtest/gtest.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include <functional>
#include <memory>
#include <vector>

#include "muster/libtorch/tensor_vector.h"
#include "muster/optim/adamw.h"
#include "muster/optim/sgd.h"
#include "tests/support/vectors.h"

namespace muster {
namespace {

using test::noise;

/// Weights, biases and norms in an order that gives several segments, with odd sizes.
Layout small_layout() {
  Layout layout;
  layout.add("weight", {17, 9});
  layout.add("bias", {17}, true);
  layout.add("norm", {5}, true);
  layout.add("weight2", {31, 13});
  layout.add("scalar", {}, true);
  layout.add("weight3", {111});
  return layout;
}

/// One parameter and gradient per piece, in torch's two groups: decayed and not.
struct TorchSide {
  Layout layout;
  std::vector<at::Tensor> decayed, other, all;
  TorchSide(const Layout& at, const at::Tensor& start, bool decay_norm_and_bias) : layout(at) {
    for (const Piece& piece : layout.pieces()) {
      at::Tensor parameter = view_of(start, piece).clone().set_requires_grad(true);
      all.push_back(parameter);
      (decay_norm_and_bias || !piece.norm_or_bias ? decayed : other).push_back(parameter);
    }
  }
  template <class Options>
  std::vector<torch::optim::OptimizerParamGroup> groups(Options options) const {
    std::vector<torch::optim::OptimizerParamGroup> groups;
    groups.emplace_back(decayed, std::make_unique<Options>(options));
    if (!other.empty()) groups.emplace_back(other, std::make_unique<Options>(options.weight_decay(0)));
    return groups;
  }
  at::Tensor flat() const {
    std::vector<at::Tensor> parts;
    for (const at::Tensor& parameter : all) parts.push_back(parameter.detach().reshape({-1}));
    return at::cat(parts);
  }
  void set_gradient(const at::Tensor& gradient) {
    for (size_t i = 0; i < all.size(); ++i)
      all[i].mutable_grad() = view_of(gradient, layout.pieces()[i]).clone();
  }
};

/// 100 steps on a noisy quadratic, each side from its own parameters, the rate and the scale changing.
void expect_equal_over_100_steps(InnerOptimizer& ours, torch::optim::Optimizer& theirs, TorchSide& side,
                                 const Vector& start, const std::function<void(double)>& set_rate) {
  Vector vector = start.copy();
  const at::Tensor parameters = tensor_of(vector);
  for (int step = 0; step < 100; ++step) {
    const double rate = 0.05 / (1 + step / 30), scale = step % 3 == 0 ? 1.0 : 0.5;
    const Vector drawn = noise(vector.size(), vector.type(), 100 + static_cast<uint64_t>(step));
    const at::Tensor shift = tensor_of(drawn);
    ours.step(vector, vector_of(parameters * 0.7 + shift), rate, scale);
    side.set_gradient((side.flat() * 0.7 + shift) * scale);
    set_rate(rate);
    theirs.step();
  }
  const at::Tensor expected = side.flat();
  EXPECT_LE((parameters - expected).norm().item<double>(), 1e-6 * expected.norm().item<double>());
  EXPECT_GT((parameters - tensor_of(start)).norm().item<double>(), 0.1);
}

template <class Options>
std::function<void(double)> rate_setter(torch::optim::Optimizer& optimizer) {
  return [&optimizer](double rate) {
    for (auto& group : optimizer.param_groups()) static_cast<Options&>(group.options()).lr(rate);
  };
}

TEST(Sgd, EqualsTorchInEveryCombination) {
  const Layout layout = small_layout();
  for (const ElementType type : {ElementType::float32, ElementType::float64})
    for (const double momentum : {0.0, 0.9})
      for (const double dampening : {0.0, 0.3})
        for (const double decay : {0.0, 0.1})
          for (const bool nesterov : {false, true})
            for (const bool decay_all : {false, true}) {
              if (nesterov && (momentum == 0 || dampening != 0)) continue;
              SCOPED_TRACE(::testing::Message()
                           << name_of(type) << " momentum " << momentum << " dampening " << dampening
                           << " decay " << decay << " nesterov " << nesterov << decay_all);
              Sgd ours({momentum, dampening, decay, nesterov, decay_all}, layout, type);
              const Vector start = noise(layout.size(), type, 1);
              TorchSide side(layout, tensor_of(start), decay_all);
              const auto options = torch::optim::SGDOptions(0.1).momentum(momentum).dampening(dampening);
              torch::optim::SGD theirs(
                  side.groups(torch::optim::SGDOptions(options).weight_decay(decay).nesterov(nesterov)),
                  options);
              expect_equal_over_100_steps(ours, theirs, side, start,
                                          rate_setter<torch::optim::SGDOptions>(theirs));
            }
}

TEST(AdamW, EqualsTorchInEveryCombination) {
  const Layout layout = small_layout();
  for (const ElementType type : {ElementType::float32, ElementType::float64})
    for (const double beta1 : {0.0, 0.9})
      for (const double beta2 : {0.95, 0.999})
        for (const double epsilon : {1e-8, 1e-3})
          for (const double decay : {0.0, 0.1})
            for (const bool decay_all : {false, true}) {
              SCOPED_TRACE(::testing::Message() << name_of(type) << " " << beta1 << " " << beta2
                                                << " epsilon " << epsilon << " decay " << decay << decay_all);
              AdamW ours({beta1, beta2, epsilon, decay, decay_all}, layout, type);
              const Vector start = noise(layout.size(), type, 1);
              TorchSide side(layout, tensor_of(start), decay_all);
              const auto options =
                  torch::optim::AdamWOptions(0.1).betas({beta1, beta2}).eps(epsilon).weight_decay(decay);
              torch::optim::AdamW theirs(side.groups(torch::optim::AdamWOptions(options)), options);
              expect_equal_over_100_steps(ours, theirs, side, start,
                                          rate_setter<torch::optim::AdamWOptions>(theirs));
            }
}

}  // namespace
}  // namespace muster
