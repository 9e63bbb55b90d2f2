#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "muster/base/error.h"
#include "muster/libtorch/tensor_vector.h"
#include "muster/task/small/clusters_task.h"
#include "muster/task/training_part.h"

namespace muster {
namespace {

at::Tensor flat_vector_of(Model& model) {
  at::Tensor parameters = flat_tensor(model.parameters().size()), gradient = parameters.clone();
  bind_initial(model, parameters, gradient, flat_tensor(0));
  return parameters;
}

std::vector<int64_t> all_of(int64_t count) {
  std::vector<int64_t> samples(static_cast<size_t>(count));
  std::iota(samples.begin(), samples.end(), 0);
  return samples;
}

TEST(ClustersTask, SamplesLieAroundCentresOfLengthOne) {
  ClustersOptions options;
  options.dimension = 64;
  options.per_class = 3;
  options.train = 12000;
  options.test = 600;
  const ClustersTask task(options);
  const Batch train = task.train_batch(all_of(options.train), 0);
  at::Tensor off = train.inputs.clone();
  for (int64_t cluster = 0; cluster < 12; ++cluster) {
    const at::Tensor members = train.inputs.slice(0, cluster, c10::nullopt, 12);
    const at::Tensor centre = members.mean(0);
    // The mean of 1,000 samples is off by 0.016 in each of its 64 numbers: four times that along the centre.
    EXPECT_NEAR(centre.norm().item<double>(), 1.008, 0.064);
    off.slice(0, cluster, c10::nullopt, 12).sub_(centre);
    for (int64_t i = cluster; i < 1200; i += 12)
      EXPECT_EQ(train.targets[i].item<int64_t>(), cluster / 3) << "three clusters are a class";
  }
  EXPECT_NEAR(off.std().item<double>(), 0.5, 0.005);
  const Batch test = task.test_batch(0, 600);
  EXPECT_LT(
      (test.inputs.slice(0, 0, c10::nullopt, 12).mean(0) - train.inputs.slice(0, 0, c10::nullopt, 12).mean(0))
          .norm()
          .item<double>(),
      1)
      << "held-out samples are around the same centres";
  EXPECT_FALSE(at::equal(test.inputs[0], train.inputs[0]));
  EXPECT_EQ(test.targets[3].item<int64_t>(), 1);
}

TEST(ClustersTask, IsAFunctionOfTheSeed) {
  ClustersOptions options;
  options.train = options.test = 8;
  const std::vector<int64_t> some = {5, 0, 5};
  const at::Tensor first = ClustersTask(options).train_batch(some, 0).inputs;
  EXPECT_TRUE(at::equal(first, ClustersTask(options).train_batch(some, 3).inputs));
  EXPECT_TRUE(at::equal(first[0], first[2]));
  options.training.seed = 1;
  EXPECT_FALSE(at::equal(first, ClustersTask(options).train_batch(some, 0).inputs));
}

TEST(ClustersTask, ASeedOfTheDataKeepsThemAndNotTheWeights) {
  ClustersOptions options;
  options.train = options.test = 8;
  options.data_seed = 3;
  const ClustersTask one(options);
  options.training.seed = 7;
  const ClustersTask other(options);
  const std::vector<int64_t> some = {5, 0};
  EXPECT_TRUE(at::equal(one.train_batch(some, 0).inputs, other.train_batch(some, 0).inputs));
  EXPECT_FALSE(at::equal(flat_vector_of(*one.make_model()), flat_vector_of(*other.make_model())));
  options.data_seed.reset();
  EXPECT_FALSE(at::equal(one.train_batch(some, 0).inputs, ClustersTask(options).train_batch(some, 0).inputs));
}

// The weights of the authors' notebook: torch's own start.
TEST(ClustersTask, WeightsBeginWithinTheFanIn) {
  ClustersOptions options;
  options.train = options.test = 4;
  const auto model = ClustersTask(options).make_model();
  EXPECT_EQ(model->parameters().size(), 512 * 128 + 128 + 128 * 4 + 4);
  at::Tensor parameters = flat_vector_of(*model);
  const at::Tensor first = parameters.narrow(0, 0, 512 * 128);
  EXPECT_NEAR(first.abs().max().item<double>(), 1 / std::sqrt(512.0), 1e-4);
  EXPECT_NEAR(first.std().item<double>(), 1 / std::sqrt(3 * 512.0), 1e-3);
}

TEST(ClustersTask, TheTrainingPartIsHeldOutOfNothing) {
  ClustersOptions options;
  options.train = 40;
  options.test = 8;
  const ClustersTask task(options);
  const TrainingPart part(task, 16);
  EXPECT_EQ(part.test_size(), 16);
  EXPECT_EQ(TrainingPart(task, 1000).test_size(), 40);
  EXPECT_TRUE(at::equal(part.test_batch(4, 6).inputs,
                        task.train_batch(std::vector<int64_t>{4, 5, 6, 7, 8, 9}, 0).inputs));
}

TEST(ClustersTask, WrongOptionsAreToldByTheirKeys) {
  const auto message = [](auto change) -> std::string {
    ClustersOptions options;
    change(options);
    try {
      ClustersTask task(options);
    } catch (const OptionError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_TRUE(message([](ClustersOptions& o) { o.dimension = 0; }).starts_with("clusters.dimension = 0"));
  EXPECT_TRUE(message([](ClustersOptions& o) { o.per_class = 0; }).starts_with("clusters.per_class = 0"));
  EXPECT_TRUE(message([](ClustersOptions& o) { o.noise = -1; }).starts_with("clusters.noise = -1"));
  EXPECT_TRUE(message([](ClustersOptions& o) { o.classes = 1; }).starts_with("task.classes = 1"));
  EXPECT_TRUE(message([](ClustersOptions& o) { o.train = 0; }).starts_with("task.samples = 0"));
}

}  // namespace
}  // namespace muster
