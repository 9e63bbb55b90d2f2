#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "muster/base/error.h"
#include "muster/libtorch/tensor_vector.h"
#include "muster/task/images/generated_images.h"
#include "muster/task/images/image_task.h"
#include "muster/task/images/mixup.h"

namespace muster {
namespace {

// Image i is filled with i + 1 and has class i.
Batch numbered_batch(int64_t size) {
  const at::Tensor numbers = at::arange(1, size + 1, at::kFloat);
  return {numbers.view({size, 1, 1, 1}).expand({size, 3, 2, 2}).contiguous(), at::arange(0, size, at::kLong)};
}

TEST(MixUp, MixesImagesAndTargetsAlike) {
  Batch batch = numbered_batch(6);
  mix_up(batch, 7, 1.0, 5, 2, 9);
  ASSERT_EQ(batch.targets.sizes().vec(), (std::vector<int64_t>{6, 7}));
  EXPECT_EQ(batch.size(), 6);
  EXPECT_TRUE(at::allclose(batch.targets.sum(1), at::ones({6})));
  // An image is the mean of the numbers of its classes, weighted with their probabilities.
  const at::Tensor wanted = batch.targets.matmul(at::arange(1, 8, at::kFloat));
  for (int64_t pixel = 0; pixel < 12; ++pixel)
    EXPECT_TRUE(at::allclose(batch.inputs.flatten(1).select(1, pixel), wanted));
  // One share for the whole batch; every image is the second of one other (or itself).
  EXPECT_TRUE(at::allclose(batch.targets.sum(0).slice(0, 0, 6), at::ones({6})));
}

TEST(MixUp, IsAFunctionOfSeedEpochAndFirstSample) {
  const auto mixed = [](uint64_t seed, int64_t epoch, int64_t first) {
    Batch batch = numbered_batch(8);
    mix_up(batch, 8, 0.4, seed, epoch, first);
    return batch.inputs;
  };
  EXPECT_TRUE(at::equal(mixed(1, 2, 3), mixed(1, 2, 3)));
  for (const auto& other : {mixed(2, 2, 3), mixed(1, 3, 3), mixed(1, 2, 4)})
    EXPECT_FALSE(at::equal(mixed(1, 2, 3), other));
  Batch plain = numbered_batch(8);
  mix_up(plain, 8, 0, 1, 2, 3);
  EXPECT_TRUE(at::equal(plain.inputs, numbered_batch(8).inputs));
  EXPECT_EQ(plain.targets.scalar_type(), at::kLong);
}

// Beta(alpha, alpha): mean 1/2, variance 1/(4 (2 alpha + 1)).
TEST(MixUp, TheShareIsBetaDistributed) {
  for (const double alpha : {0.2, 1.0, 8.0}) {
    constexpr int draws = 3000;
    double sum = 0, squares = 0;
    int swapped = 0;
    for (int64_t epoch = 0; swapped < draws; ++epoch) {
      ASSERT_LT(epoch, 3 * draws);
      Batch batch{at::tensor({0.0F, 1.0F}).view({2, 1, 1, 1}), at::tensor({0, 1}, at::kLong)};
      mix_up(batch, 2, alpha, 7, epoch, 0);
      const double share = 1 - batch.inputs[0].item<double>();  // of the first image in itself
      if (share == 1) continue;                                 // the permutation left the images alone
      ++swapped;
      sum += share;
      squares += (share - 0.5) * (share - 0.5);
    }
    const double variance = 1 / (4 * (2 * alpha + 1));
    EXPECT_NEAR(sum / draws, 0.5, 5 * std::sqrt(variance / draws));
    EXPECT_NEAR(squares / draws, variance, 0.15 * variance);
  }
}

TEST(MixUp, TrainsThroughProbabilities) {
  GeneratedImagesOptions images;
  images.train = 64;
  images.test = 32;
  ImageTaskOptions options;
  options.model.network = ImageNetwork::mlp;
  options.model.hidden = {8};
  const ImageTask plain("generated", generate_images(images), options);
  options.mixup = 0.5;
  const ImageTask task("generated", generate_images(images), options);
  const std::vector<int64_t> samples{1, 2, 3, 4, 5, 6, 7, 8};
  const Batch mixed = task.train_batch(samples, 3);
  EXPECT_EQ(mixed.targets.sizes().vec(), (std::vector<int64_t>{8, 10}));
  EXPECT_EQ(task.test_batch(0, 4).targets.scalar_type(), at::kLong);
  const auto model = task.make_model();
  at::Tensor parameters = flat_tensor(model->parameters().size()), gradient = flat_tensor(parameters.numel());
  bind_initial(*model, parameters, gradient, flat_tensor(0));
  // Cross entropy is linear in the targets: the mixed loss is the mean over classes of the plain ones.
  const double loss = model->loss_and_gradient(mixed, {});
  double wanted = 0;
  for (int64_t label = 0; label < 10; ++label)
    for (int64_t i = 0; i < 8; ++i) {
      const Batch one{mixed.inputs.narrow(0, i, 1), at::full({1}, label, at::kLong)};
      wanted += mixed.targets[i][label].item<double>() * model->score(one).loss / 8;
    }
  EXPECT_NEAR(loss, wanted, 1e-5);
  EXPECT_GT(gradient.norm().item<double>(), 0);
}

TEST(MixUp, RefusesWhatCannotBe) {
  EXPECT_THROW(validate_mixup(-0.1), OptionError);
  EXPECT_THROW(validate_mixup(std::nan("")), OptionError);
  EXPECT_NO_THROW(validate_mixup(0));
}

}  // namespace
}  // namespace muster
