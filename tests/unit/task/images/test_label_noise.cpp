#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "muster/base/error.h"
#include "muster/task/images/generated_images.h"
#include "muster/task/images/image_task.h"
#include "muster/task/images/label_noise.h"

namespace muster {
namespace {

constexpr int64_t classes = 5;

std::vector<int64_t> range(int64_t first, int64_t count) {
  std::vector<int64_t> samples(static_cast<size_t>(count));
  std::iota(samples.begin(), samples.end(), first);
  return samples;
}

/// The labels of `samples`, each of whose true class is its number modulo the classes.
std::vector<int64_t> disturbed(const std::vector<int64_t>& samples, double probability, uint64_t seed = 1,
                               int64_t epoch = 0) {
  Batch batch{{}, at::empty({static_cast<int64_t>(samples.size())}, at::kLong)};
  auto* label = batch.targets.data_ptr<int64_t>();
  for (const int64_t sample : samples) *label++ = sample % classes;
  batch.inputs = at::zeros({static_cast<int64_t>(samples.size()), 1, 2, 2});
  disturb_labels(batch, samples, classes, probability, seed, epoch);
  const auto* first = batch.targets.data_ptr<int64_t>();
  return {first, first + samples.size()};
}

TEST(LabelNoise, TakesEveryOtherClassAlikeAndTheTrueOneNever) {
  constexpr double probability = 0.3;
  std::vector<int64_t> away(classes, 0);
  int64_t uses = 0;
  for (int64_t epoch = 0; epoch < 40; ++epoch) {
    const std::vector<int64_t> samples = range(0, 1000);
    const std::vector<int64_t> labels = disturbed(samples, probability, 7, epoch);
    for (size_t i = 0; i < samples.size(); ++i, ++uses)
      ++away[static_cast<size_t>((labels[i] - samples[i] % classes + classes) % classes)];
  }
  const auto n = static_cast<double>(uses);
  const auto within_five_errors = [n](int64_t count, double share) {
    EXPECT_NEAR(static_cast<double>(count) / n, share, 5 * std::sqrt(share * (1 - share) / n));
  };
  within_five_errors(away[0], 1 - probability);
  for (size_t k = 1; k < away.size(); ++k) within_five_errors(away[k], probability / (classes - 1));
}

TEST(LabelNoise, IsCertainAtOneAndAbsentAtNone) {
  const std::vector<int64_t> samples = range(3, 200);
  const std::vector<int64_t> wrong = disturbed(samples, 1), right = disturbed(samples, 0);
  for (size_t i = 0; i < samples.size(); ++i) {
    EXPECT_NE(wrong[i], samples[i] % classes);
    EXPECT_EQ(right[i], samples[i] % classes);
  }
}

TEST(LabelNoise, IsDrawnAnewInEveryEpochAndForEveryBatch) {
  const std::vector<int64_t> samples = range(0, 500);
  const std::vector<int64_t> once = disturbed(samples, 0.5);
  EXPECT_EQ(disturbed(samples, 0.5), once);  // again the same: a run goes on as it would have
  EXPECT_NE(disturbed(samples, 0.5, 1, 1), once);
  EXPECT_NE(disturbed(samples, 0.5, 2), once);
  // The same samples behind another first one, as a sampler with replacement deals them to another worker.
  std::vector<int64_t> other = samples;
  other.insert(other.begin(), 499);
  std::vector<int64_t> again = disturbed(other, 0.5);
  again.erase(again.begin());
  EXPECT_NE(again, once);
  // A sample that a batch holds twice has two draws.
  const std::vector<int64_t> twice = disturbed(std::vector<int64_t>(400, 2), 0.5);
  EXPECT_NE(std::vector<int64_t>(400, twice[0]), twice);
}

TEST(LabelNoise, ReachesTrainingImagesOnly) {
  GeneratedImagesOptions images;
  images.train = images.test = 64;
  ImageTaskOptions options;
  options.model.network = ImageNetwork::mlp;
  const ImageTask plain("generated", generate_images(images), options);
  options.label_noise = 1;
  const ImageTask noisy("generated", generate_images(images), options);
  const std::vector<int64_t> samples = range(0, 64);
  const Batch one = plain.train_batch(samples, 2), other = noisy.train_batch(samples, 2);
  EXPECT_TRUE(at::equal(one.inputs, other.inputs));
  EXPECT_FALSE(at::any(one.targets.eq(other.targets)).item<bool>());
  EXPECT_TRUE(at::equal(plain.test_batch(0, 64).targets, noisy.test_batch(0, 64).targets));
  EXPECT_EQ(plain.train_classes(), noisy.train_classes());  // splits by class see the true ones
}

TEST(LabelNoise, RefusesWhatIsNoProbability) {
  for (const double bad : {-0.1, 1.1, std::nan("")}) EXPECT_THROW(validate_label_noise(bad), OptionError);
  EXPECT_NO_THROW(validate_label_noise(1));
}

}  // namespace
}  // namespace muster
