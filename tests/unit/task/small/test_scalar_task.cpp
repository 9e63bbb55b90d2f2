#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <numeric>

#include "muster/base/error.h"
#include "muster/libtorch/tensor_vector.h"
#include "muster/task/small/scalar_task.h"

namespace muster {
namespace {

struct Bound {
  explicit Bound(const Task& task)
      : model(task.make_model()),
        parameters(flat_tensor(model->parameters().size(), at::kDouble)),
        gradient(flat_tensor(model->parameters().size(), at::kDouble)) {
    bind_initial(*model, parameters, gradient, flat_tensor(0, at::kDouble));
  }
  std::unique_ptr<Model> model;
  at::Tensor parameters, gradient;
};

std::vector<int64_t> first_samples(int64_t count) {
  std::vector<int64_t> samples(static_cast<size_t>(count));
  std::iota(samples.begin(), samples.end(), 0);
  return samples;
}

TEST(ScalarTask, GradientEqualsDifferences) {
  const ScalarTask task({});
  Bound net(task);
  EXPECT_EQ(net.model->type(), ElementType::float64);
  EXPECT_EQ(net.model->buffers().size(), 0);
  EXPECT_EQ(net.parameters.numel(), 6 * 8 + 8 + 8 + 1);
  const Batch batch = task.train_batch(first_samples(10), 0);
  net.model->loss_and_gradient(batch, {});
  const at::Tensor gradient = net.gradient.clone();
  constexpr double h = 1e-6;
  for (int64_t i = 0; i < net.parameters.numel(); ++i) {
    double& weight = net.parameters.data_ptr<double>()[i];
    const double kept = weight;
    weight = kept + h;
    const double above = net.model->score(batch).loss / 10;
    weight = kept - h;
    const double below = net.model->score(batch).loss / 10;
    weight = kept;
    EXPECT_NEAR(gradient.data_ptr<double>()[i], (above - below) / (2 * h), 1e-9) << i;
  }
}

// In float the arithmetic is that of double on rounded parameters, and the gradient is rounded once.
TEST(ScalarTask, OfFloatRoundsParametersAndGradient) {
  ScalarTaskOptions options;
  options.type = at::kFloat;
  const ScalarTask task(options), exact({});
  const auto narrow = task.make_model(), wide = exact.make_model();
  const int64_t size = narrow->parameters().size();
  EXPECT_EQ(narrow->type(), ElementType::float32);
  at::Tensor values = at::zeros({size}, at::kFloat), gradient = at::zeros({size}, at::kFloat);
  at::Tensor same = at::zeros({size}, at::kDouble), expected = at::zeros({size}, at::kDouble);
  bind_initial(*narrow, values, gradient, at::zeros({0}, at::kFloat));
  bind_initial(*wide, same, expected, at::zeros({0}, at::kDouble));
  EXPECT_TRUE(at::equal(values, same.to(at::kFloat)));
  values.mul_(1.25);
  same.copy_(values);
  const Batch batch = task.train_batch(first_samples(10), 0);
  EXPECT_EQ(narrow->loss_and_gradient(batch, {}), wide->loss_and_gradient(batch, {}));
  EXPECT_TRUE(at::equal(gradient, expected.to(at::kFloat)));
  EXPECT_EQ(narrow->score(batch).loss, wide->score(batch).loss);
}

TEST(ScalarTask, PredictsByItsFormula) {
  const ScalarShape shape{2, 1};
  const double weights[] = {2, -1, 0.5, 3, 0.25}, inputs[] = {1, 4};
  const double z = 2 - 4 + 0.5;  // -1.5
  EXPECT_DOUBLE_EQ(scalar_prediction(shape, weights, inputs), 3 * z / 2.5 + 0.25);
  const double target = 1;
  const double error = 3 * z / 2.5 + 0.25 - 1;
  EXPECT_DOUBLE_EQ(scalar_loss(shape, weights, inputs, &target, 1, nullptr), error * error / 2);
}

TEST(ScalarTask, LearnsAndGivesTheSameBitsAgain) {
  const ScalarTask task({});
  const auto train = [&](Bound& net) {
    const Batch batch = task.train_batch(first_samples(task.train_size()), 0);
    const double first = net.model->loss_and_gradient(batch, {});
    for (int step = 0; step < 300; ++step) {
      net.model->loss_and_gradient(batch, {});
      net.parameters.sub_(net.gradient * 0.2);
    }
    EXPECT_LT(net.model->loss_and_gradient(batch, {}), 0.2 * first);
  };
  Bound a(task), b(task);
  train(a);
  train(b);
  EXPECT_TRUE(at::equal(a.parameters, b.parameters));
  const Score score = a.model->score(task.test_batch(0, task.test_size()));
  EXPECT_EQ(score.samples, 64);
  EXPECT_LT(score.loss / 64, 0.2);
}

// The bits themselves: data, first weights, loss and gradient after one pass, by exact hexadecimal value.
TEST(ScalarTask, HasTheSameBitsOnEveryMachine) {
  const ScalarTask task({});
  Bound net(task);
  const Batch batch = task.train_batch(first_samples(16), 0);
  const double loss = net.model->loss_and_gradient(batch, {});
  EXPECT_EQ(loss, 0x1.b356a7b112b85p+1);
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (int64_t i = 0; i < net.gradient.numel(); ++i) {
    uint64_t bits = 0;
    std::memcpy(&bits, net.gradient.data_ptr<double>() + i, sizeof bits);
    hash = (hash ^ bits) * 0x100000001b3ULL;
  }
  EXPECT_EQ(hash, 13787811968803835245ULL);
}

TEST(ScalarTask, DependsOnItsSeed) {
  const ScalarTask a({}), b({.shape = {}, .train = 256, .test = 64, .seed = 1});
  EXPECT_FALSE(at::equal(Bound(a).parameters, Bound(b).parameters));
  EXPECT_FALSE(at::equal(a.test_batch(0, 4).inputs, b.test_batch(0, 4).inputs));
  EXPECT_FALSE(at::equal(a.test_batch(0, 4).inputs, a.train_batch(first_samples(4), 0).inputs));
  EXPECT_THROW(ScalarTask({.shape = {0, 1}}), OptionError);
  EXPECT_THROW(a.train_batch(std::vector<int64_t>{256}, 0), Bug);
}

}  // namespace
}  // namespace muster
