#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include "muster/task/models/gpt.h"
#include "muster/task/models/mlp.h"
#include "muster/task/models/resnet.h"
#include "tests/unit/task/models/network_probe.h"
#include "tests/unit/task/models/slim_networks.h"

namespace muster {
namespace {

using test::NetworkProbe;

const RandomKey noise{3, Purpose::test, 0, 0};

at::Tensor direction(const NetworkProbe& probe) {
  const at::Tensor drawn = test::normal_tensor({probe.parameters.numel()}, 77).to(at::kDouble);
  return (drawn / drawn.norm()).to(probe.parameters.scalar_type());
}

at::Tensor product(NetworkProbe& probe, const Batch& batch) {
  at::Tensor out = at::full_like(probe.parameters, 9);
  probe.model->hessian_product(batch, noise, direction(probe), out);
  return out.to(at::kDouble);
}

// (g(x + h v) - g(x - h v)) / 2h, in double.
at::Tensor by_differences(NetworkProbe& probe, const Batch& batch, double h = 1e-5) {
  const at::Tensor start = probe.parameters.clone(), along = direction(probe);
  probe.parameters.copy_(start + h * along);
  probe.model->loss_and_gradient(batch, noise);
  const at::Tensor ahead = probe.gradient.clone();
  probe.parameters.copy_(start - h * along);
  probe.model->loss_and_gradient(batch, noise);
  probe.parameters.copy_(start);
  return (ahead - probe.gradient) / (2 * h);
}

double apart(const at::Tensor& one, const at::Tensor& other) {
  return ((one - other).norm() / other.norm()).item<double>();
}

Batch in_double(Batch batch) {
  batch.inputs = batch.inputs.to(at::kDouble);
  return batch;
}

Batch text_batch(const GptShape& shape) {
  Batch batch{at::empty({3, shape.context}, at::kLong), at::empty({3, shape.context}, at::kLong)};
  RandomStream stream({3, Purpose::test, 5, 0});
  for (at::Tensor* tensor : {&batch.inputs, &batch.targets})
    for (int64_t i = 0; i < tensor->numel(); ++i)
      tensor->data_ptr<int64_t>()[i] =
          static_cast<int64_t>(stream.below(static_cast<uint64_t>(shape.vocabulary)));
  return batch;
}

GptShape small_gpt(GptPositions positions) {
  GptShape shape;
  shape.vocabulary = 13;
  shape.context = 9;
  shape.layers = 2;
  shape.width = 12;
  shape.heads = 3;
  shape.positions = positions;
  shape.dropout = 0.1;
  return shape;
}

constexpr NnOptions exact{.seed = 1, .type = at::kDouble};

TEST(HessianProduct, IsTheGradientsDerivativeForAnMlp) {
  NetworkProbe probe(make_mlp({12, {7, 5}, 4}), exact);
  const Batch batch = in_double(test::image_batch(6, 2, 4, 1));
  EXPECT_LT(apart(product(probe, batch), by_differences(probe, batch)), 1e-7);
}

TEST(HessianProduct, PassesThroughOwnOperations) {
  for (const GptPositions positions : {GptPositions::learned, GptPositions::rotary}) {
    const GptShape shape = small_gpt(positions);
    NetworkProbe probe(make_gpt(shape), exact);
    const Batch batch = text_batch(shape);
    EXPECT_LT(apart(product(probe, batch), by_differences(probe, batch)), 1e-6);
  }
  NetworkProbe probe(make_vit(test::slim::vit), exact);
  const Batch batch = in_double(test::image_batch(2, 64, test::slim::classes, 1));
  EXPECT_LT(apart(product(probe, batch), by_differences(probe, batch)), 1e-6);
}

// The fused BatchNorm is for floats only; in double the same network goes through torch's.
TEST(HessianProduct, PassesThroughTheFusedBatchNorm) {
  const Batch batch = test::image_batch(8, 16, 10, 1);
  for (const NormKind norm : {NormKind::batch, NormKind::group}) {
    NetworkProbe floats(make_resnet({1, norm, 3, 10}), {.seed = 1}),
        doubles(make_resnet({1, norm, 3, 10}), exact);
    EXPECT_LT(apart(product(floats, batch), product(doubles, in_double(batch))), 2e-4);
  }
  NetworkProbe floats(make_resnet_imagenet(test::slim::bottleneck), {.seed = 1});
  NetworkProbe doubles(make_resnet_imagenet(test::slim::bottleneck), exact);
  const Batch larger = test::image_batch(4, 64, test::slim::classes, 1);
  EXPECT_LT(apart(product(floats, larger), product(doubles, in_double(larger))), 2e-3);
}

TEST(HessianProduct, LeavesTheGradientAlone) {
  NetworkProbe probe(make_mlp({12, {7}, 4}), exact);
  const Batch batch = in_double(test::image_batch(6, 2, 4, 1));
  const double loss = probe.model->loss_and_gradient(batch, noise);
  const at::Tensor gradient = probe.gradient.clone();
  at::Tensor out = at::empty_like(gradient);
  EXPECT_EQ(probe.model->hessian_product(batch, noise, direction(probe), out), loss);
  EXPECT_TRUE(probe.gradient.equal(gradient));
  probe.model->loss_and_gradient(batch, noise);
  EXPECT_TRUE(probe.gradient.equal(gradient));
}

}  // namespace
}  // namespace muster
