#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <cmath>

#include "muster/base/error.h"
#include "muster/libtorch/tensor_vector.h"
#include "muster/task/models/autocast.h"
#include "muster/task/models/mlp.h"
#include "muster/task/models/nn_model.h"
#include "muster/task/models/resnet.h"

namespace muster {
namespace {

Batch small_batch() {
  const at::Tensor inputs = (at::arange(12 * 3 * 8 * 8, at::kFloat) * 0.37).sin().reshape({12, 3, 8, 8});
  return {inputs, at::arange(12, at::kLong).remainder(4)};
}

struct Outcome {
  double loss = 0;
  at::Tensor gradient, logits_seen;
};

Outcome one_step(TorchNetwork network, const NnOptions& options, const Batch& batch) {
  const auto model = make_nn_model(std::move(network), options);
  const int64_t size = model->parameters().size();
  Outcome outcome;
  outcome.gradient = flat_tensor(size, options.type);
  bind_initial(*model, flat_tensor(size, options.type), outcome.gradient,
               flat_tensor(model->buffers().size(), options.type));
  outcome.loss = model->loss_and_gradient(batch, {1, Purpose::dropout, 0, 0});
  return outcome;
}

TorchNetwork small_mlp() { return make_mlp({3 * 8 * 8, {20}, 4}); }

double distance(const at::Tensor& a, const at::Tensor& b) {
  return ((a - b).norm() / b.norm()).item<double>();
}

// 12 samples in 1, 2, 5 (parts of 3, 3, 3, 3) and 20 parts: the gradient of the mean does not depend on it.
TEST(NnOptions, MicroBatchesAddUpToTheGradientOfTheBatch) {
  const Outcome whole = one_step(small_mlp(), {.seed = 3}, small_batch());
  for (const int64_t parts : {2, 5, 7, 20}) {
    const Outcome sum = one_step(small_mlp(), {.seed = 3, .micro_batches = parts}, small_batch());
    EXPECT_NEAR(sum.loss, whole.loss, 1e-6) << parts;
    EXPECT_LT(distance(sum.gradient, whole.gradient), 1e-6) << parts;
  }
}

TEST(NnOptions, MicroBatchesNormaliseByTheirOwnStatistics) {
  const Outcome whole = one_step(make_resnet({1, NormKind::batch, 3, 4}), {.seed = 3}, small_batch());
  const Outcome parts =
      one_step(make_resnet({1, NormKind::batch, 3, 4}), {.seed = 3, .micro_batches = 3}, small_batch());
  EXPECT_GT(distance(parts.gradient, whole.gradient), 1e-3);
}

// Smoothed cross entropy is (1 - s) times that of the target plus s times the mean over all classes.
TEST(NnOptions, SmoothedLabelsAreAMixtureWithTheUniformTarget) {
  const Batch hard = small_batch();
  const Batch uniform{hard.inputs, at::full({12, 4}, 0.25)};
  const double smoothed = one_step(small_mlp(), {.seed = 3, .label_smoothing = 0.3}, hard).loss;
  const double expected = 0.7 * one_step(small_mlp(), {.seed = 3}, hard).loss +
                          0.3 * one_step(small_mlp(), {.seed = 3}, uniform).loss;
  EXPECT_NEAR(smoothed, expected, 1e-6);
}

TEST(NnOptions, TargetsMayBeProbabilities) {
  const Batch hard = small_batch();
  const Batch soft{hard.inputs, at::one_hot(hard.targets, 4).to(at::kFloat)};
  const Outcome one = one_step(small_mlp(), {.seed = 3}, hard),
                two = one_step(small_mlp(), {.seed = 3}, soft);
  EXPECT_NEAR(one.loss, two.loss, 1e-6);
  EXPECT_LT(distance(one.gradient, two.gradient), 1e-5);
}

TEST(NnOptions, Bf16IsNearFp32AndKeepsGradientsInFp32) {
  if (!processor_has_bf16()) GTEST_SKIP() << "this processor has no bf16 instructions";
  const Outcome exact = one_step(small_mlp(), {.seed = 3}, small_batch());
  const Outcome half = one_step(small_mlp(), {.seed = 3, .bf16 = true}, small_batch());
  EXPECT_EQ(half.gradient.scalar_type(), at::kFloat);
  EXPECT_NEAR(half.loss, exact.loss, 0.02);
  const double off = distance(half.gradient, exact.gradient);
  EXPECT_LT(off, 0.03);
  EXPECT_GT(off, 1e-5) << "nothing was computed in bf16";
  const double speed_up = bf16_speed_up();
  EXPECT_GT(speed_up, 0.05);
  EXPECT_LT(speed_up, 50);
}

TEST(NnOptions, Bf16IsRefusedWhereTheProcessorHasNone) {
  if (processor_has_bf16()) GTEST_SKIP() << "this processor has bf16 instructions";
  EXPECT_THROW(NnOptions{.bf16 = true}.validate(), OptionError);
}

TEST(NnOptions, NameTheFieldTheyRefuse) {
  const auto field = [](const NnOptions& options) -> std::string {
    try {
      options.validate();
    } catch (const OptionError& error) {
      const std::string text = error.what();
      return text.substr(0, text.find(' '));
    }
    return "";
  };
  EXPECT_EQ(field({.micro_batches = 0}), "run.micro_batches");
  EXPECT_EQ(field({.label_smoothing = 1}), "task.label_smoothing");
  EXPECT_EQ(field({.label_smoothing = std::nan("")}), "task.label_smoothing");
  EXPECT_EQ(field({}), "");
}

}  // namespace
}  // namespace muster
