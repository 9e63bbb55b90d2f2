#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include "muster/base/error.h"
#include "muster/libtorch/tensor_vector.h"
#include "muster/task/images/generated_images.h"
#include "muster/task/images/image_task.h"
#include "muster/task/samplers/samplers.h"

namespace muster {
namespace {

ImageSets small_sets() {
  GeneratedImagesOptions options;
  options.classes = 4;
  options.train = 300;
  options.test = 60;
  return generate_images(options);
}

ImageTaskOptions mlp_options() {
  ImageTaskOptions options;
  options.model.network = ImageNetwork::mlp;
  options.model.hidden = {32};
  return options;
}

TEST(ImageTask, MakesBatchesOfImagesAndLabels) {
  const ImageSets sets = small_sets();
  const ImageTask task("generated", sets, mlp_options());
  EXPECT_EQ(task.name(), "generated");
  EXPECT_EQ(task.train_size(), 300);
  EXPECT_EQ(task.test_size(), 60);
  const Batch batch = task.train_batch(std::vector<int64_t>{7, 3}, 2);
  EXPECT_EQ(batch.inputs.sizes().vec(), (std::vector<int64_t>{2, 3, 32, 32}));
  EXPECT_EQ(batch.inputs.scalar_type(), at::kFloat);
  EXPECT_EQ(batch.targets[0].item<int64_t>(), sets.train.labels[7]);
  EXPECT_EQ(batch.targets[1].item<int64_t>(), sets.train.labels[3]);
  const Batch test = task.test_batch(10, 2);
  EXPECT_EQ(test.targets[1].item<int64_t>(), sets.test.labels[11]);
  EXPECT_NEAR(test.inputs[1][2][0][5].item<double>(),
              (sets.test.image(11)[2048 + 5] / 255.0 - 0.4465) / 0.2616, 1e-5);
  EXPECT_THROW(task.test_batch(59, 2), Bug);
}

TEST(ImageTask, AugmentsByEpochAndTakesTheClassesFromTheImages) {
  const ImageTask task("generated", small_sets(), mlp_options());
  const std::vector<int64_t> samples{1, 2, 3, 4, 5, 6};
  EXPECT_TRUE(at::equal(task.train_batch(samples, 0).inputs, task.train_batch(samples, 0).inputs));
  EXPECT_FALSE(at::equal(task.train_batch(samples, 0).inputs, task.train_batch(samples, 1).inputs));
  EXPECT_EQ(task.make_model()->parameters().size(), 3072 * 32 + 32 + 32 * 4 + 4);
}

TEST(ImageTask, CanBeLearned) {
  const ImageTask task("generated", small_sets(), mlp_options());
  const auto model = task.make_model();
  at::Tensor parameters = flat_tensor(model->parameters().size()), gradient = flat_tensor(parameters.numel());
  bind_initial(*model, parameters, gradient, flat_tensor(0));
  const PermutationSampler sampler({task.train_size(), 1, 30, 1});
  double first = 0, last = 0;
  for (int64_t step = 0; step < 200; ++step) {
    const Batch batch = task.train_batch(sampler.samples(step, 0), 0);
    const double loss = model->loss_and_gradient(batch, {});
    parameters.sub_(0.02 * gradient);
    (step < 10 ? first : last) += step < 10 || step >= 190 ? loss / 10 : 0;
  }
  EXPECT_LT(last, 0.7 * first);
}

TEST(ImageTask, EstimatesActivationsInProportionToTheBatch) {
  const ImageTask task("generated", small_sets(), ImageTaskOptions{});
  EXPECT_EQ(task.activation_bytes(64), 2 * task.activation_bytes(32));
  ImageTaskOptions deep;
  deep.model.network = ImageNetwork::resnet56;
  EXPECT_GT(ImageTask("generated", small_sets(), deep).activation_bytes(32), 4 * task.activation_bytes(32));
}

TEST(ImageTask, RefusesSetsThatDoNotFit) {
  ImageSets sets = small_sets();
  sets.test.classes = 5;
  EXPECT_THROW(ImageTask("x", sets, ImageTaskOptions{}), DataError);
  EXPECT_THROW(ImageTask("x", ImageSets{}, ImageTaskOptions{}), DataError);
}

}  // namespace
}  // namespace muster
