#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include "muster/base/error.h"
#include "muster/task/images/augmentation.h"

namespace muster {
namespace {

// Every image holds 1 + (row, column, channel) mixed, so that no two shifts look alike.
Images numbered(int64_t count) {
  Images images;
  images.classes = 10;
  images.labels.assign(static_cast<size_t>(count), 0);
  for (int64_t i = 0; i < count; ++i)
    for (int64_t c = 0; c < 3; ++c)
      for (int64_t y = 0; y < 32; ++y)
        for (int64_t x = 0; x < 32; ++x)
          images.pixels.push_back(static_cast<uint8_t>(1 + (i * 31 + c * 71 + y * 37 + x * 5) % 255));
  return images;
}

AugmentationOptions raw() {  // output = pixel / 255, black = 0
  AugmentationOptions options;
  options.mean = {0, 0, 0};
  options.deviation = {1, 1, 1};
  return options;
}

std::vector<float> run(const Images& images, std::vector<int64_t> samples, const AugmentationOptions& options,
                       uint64_t seed, int64_t epoch) {
  std::vector<float> output(samples.size() * 3072, std::nanf(""));
  augment(images, samples, options, seed, epoch, output);
  return output;
}

struct Found {
  int64_t down, right;
  bool flip;
  auto operator<=>(const Found&) const = default;
};

// The move that explains the whole image, pixel by pixel; padding must be black.
std::vector<Found> explanations(const Images& images, int64_t sample, const float* output) {
  std::vector<Found> found;
  for (int64_t down = -4; down <= 4; ++down)
    for (int64_t right = -4; right <= 4; ++right)
      for (const bool flip : {false, true}) {
        bool fits = true;
        for (int64_t at = 0; fits && at < 3072; ++at) {
          const int64_t c = at / 1024, y = at / 32 % 32 + down, column = at % 32;
          const int64_t x = (flip ? 31 - column : column) + right;
          const bool inside = y >= 0 && y < 32 && x >= 0 && x < 32;
          const float wanted =
              inside ? static_cast<float>(images.image(sample)[c * 1024 + y * 32 + x]) / 255.0F : 0;
          fits = std::abs(output[at] - wanted) < 1e-6F;
        }
        if (fits) found.push_back({down, right, flip});
      }
  return found;
}

TEST(Augmentation, IsAPaddedCropAndAFlip) {
  const Images images = numbered(40);
  std::set<int64_t> downs, rights;
  int flips = 0;
  for (int64_t sample = 0; sample < 40; ++sample) {
    const std::vector<float> output = run(images, {sample}, raw(), 1, 0);
    const auto found = explanations(images, sample, output.data());
    ASSERT_EQ(found.size(), 1U) << sample;
    downs.insert(found[0].down);
    rights.insert(found[0].right);
    flips += found[0].flip ? 1 : 0;
  }
  EXPECT_GE(downs.size(), 7U);
  EXPECT_GE(rights.size(), 7U);
  EXPECT_GT(flips, 8);
  EXPECT_LT(flips, 32);
}

TEST(Augmentation, IsAFunctionOfSeedEpochAndSample) {
  const Images images = numbered(8);
  const auto whole = run(images, {0, 1, 2, 3, 4, 5, 6, 7}, raw(), 5, 9);
  const auto alone = run(images, {6, 2}, raw(), 5, 9);
  EXPECT_TRUE(std::equal(alone.begin(), alone.begin() + 3072, whole.begin() + 6 * 3072));
  EXPECT_TRUE(std::equal(alone.begin() + 3072, alone.end(), whole.begin() + 2 * 3072));
  EXPECT_NE(whole, run(images, {0, 1, 2, 3, 4, 5, 6, 7}, raw(), 5, 10));
  EXPECT_NE(whole, run(images, {0, 1, 2, 3, 4, 5, 6, 7}, raw(), 6, 9));
}

TEST(Augmentation, ScalesEveryChannel) {
  const Images images = numbered(2);
  AugmentationOptions options;
  options.enabled = false;
  const auto output = run(images, {1}, options, 0, 0);
  for (int64_t at = 0; at < 3072; ++at) {
    const auto c = static_cast<size_t>(at / 1024);
    const double wanted = (images.image(1)[at] / 255.0 - options.mean[c]) / options.deviation[c];
    ASSERT_NEAR(output[static_cast<size_t>(at)], wanted, 1e-5);
  }
  std::vector<float> plain(3072);
  scale_only(images, std::vector<int64_t>{1}, AugmentationOptions{}, plain);
  EXPECT_EQ(plain, output);
}

TEST(Augmentation, PartsCanBeTurnedOff) {
  const Images images = numbered(20);
  AugmentationOptions options = raw();
  options.padding = 0;
  options.flip = false;
  std::vector<float> plain(3072);
  for (int64_t sample = 0; sample < 20; ++sample) {
    scale_only(images, std::vector<int64_t>{sample}, options, plain);
    EXPECT_EQ(run(images, {sample}, options, 0, 0), plain);
  }
}

// One operation in 14 is the identity: then nothing but crop and flip is left, which RandAugment must not
// change.
TEST(Augmentation, RandAugmentComesAfterCropAndFlip) {
  const Images images = numbered(8);
  AugmentationOptions plain, changed;
  changed.rand_augment = {.operations = 1, .magnitude = 20};
  int same = 0, different = 0;
  for (int64_t epoch = 0; epoch < 60; ++epoch)
    for (int64_t sample = 0; sample < 8; ++sample) {
      const auto without = run(images, {sample}, plain, 3, epoch),
                 with = run(images, {sample}, changed, 3, epoch);
      ++(with == without ? same : different);
      EXPECT_EQ(with, run(images, {sample}, changed, 3, epoch));
    }
  EXPECT_GT(same, 480 / 14 / 2);
  EXPECT_LT(same, 480 / 14 * 3);  // also operations that leave this picture alone
  EXPECT_GT(different, 300);
  changed.rand_augment.magnitude = 31;
  EXPECT_THROW(changed.validate(), OptionError);
}

TEST(Augmentation, RefusesWhatCannotBe) {
  AugmentationOptions options;
  options.padding = -1;
  EXPECT_THROW(options.validate(), OptionError);
  options = {};
  options.deviation[1] = 0;
  EXPECT_THROW(options.validate(), OptionError);
  options = {};
  options.mean[2] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(options.validate(), OptionError);
  EXPECT_THROW(run(numbered(2), {2}, AugmentationOptions{}, 0, 0), Bug);
}

}  // namespace
}  // namespace muster
