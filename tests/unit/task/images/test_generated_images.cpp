#include <gtest/gtest.h>

#include <cstdint>

#include "muster/base/error.h"
#include "muster/task/images/generated_images.h"

namespace muster {
namespace {

GeneratedImagesOptions small() {
  GeneratedImagesOptions options;
  options.train = 400;
  options.test = 100;
  return options;
}

uint64_t fnv1a(const std::vector<uint8_t>& bytes) {
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (const uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001b3ULL;
  return hash;
}

TEST(GeneratedImages, AreAFunctionOfTheSeed) {
  const ImageSets a = generate_images(small()), b = generate_images(small());
  EXPECT_EQ(a.train.pixels, b.train.pixels);
  EXPECT_EQ(a.test.labels, b.test.labels);
  GeneratedImagesOptions other = small();
  other.seed = 1;
  EXPECT_NE(generate_images(other).train.pixels, a.train.pixels);
}

TEST(GeneratedImages, FirstImagesDoNotDependOnHowManyThereAre) {
  GeneratedImagesOptions more = small();
  more.train = 450;
  const ImageSets a = generate_images(small()), b = generate_images(more);
  EXPECT_TRUE(std::equal(a.train.pixels.begin(), a.train.pixels.end(), b.train.pixels.begin()));
  EXPECT_EQ(a.test.pixels, b.test.pixels);
}

TEST(GeneratedImages, HaveTheSameBytesOnEveryMachine) {
  const ImageSets sets = generate_images(small());
  EXPECT_EQ(fnv1a(sets.train.pixels), 11954445435303824172ULL);
}

TEST(GeneratedImages, HoldAllClassesAndAskedForLabelNoise) {
  GeneratedImagesOptions clean = small(), noisy = small();
  clean.label_noise = 0;
  noisy.label_noise = 0.5;
  const ImageSets a = generate_images(clean), b = generate_images(noisy);
  EXPECT_EQ(a.train.pixels, b.train.pixels);
  EXPECT_EQ(a.test.labels, b.test.labels);
  int changed = 0;
  std::vector<int> per_class(10);
  for (size_t i = 0; i < a.train.labels.size(); ++i) {
    changed += a.train.labels[i] != b.train.labels[i] ? 1 : 0;
    ++per_class.at(static_cast<size_t>(a.train.labels[i]));
  }
  EXPECT_NEAR(changed, 400 * 0.5 * 0.9, 50);  // 5 standard deviations
  for (const int count : per_class) EXPECT_GT(count, 15);
}

TEST(GeneratedImages, DifferMoreWithMoreNoise) {
  GeneratedImagesOptions calm = small(), loud = small();
  calm.noise = 0;
  loud.noise = 60;
  const auto roughness = [](const Images& images) {
    double sum = 0;
    for (size_t i = 1; i < images.pixels.size(); ++i)
      sum += std::abs(images.pixels[i] - images.pixels[i - 1]);
    return sum / static_cast<double>(images.pixels.size());
  };
  EXPECT_GT(roughness(generate_images(loud).train), 2 * roughness(generate_images(calm).train));
}

TEST(GeneratedImages, RefuseOptionsOutOfRange) {
  for (const auto& change :
       {+[](GeneratedImagesOptions& o) { o.classes = 1; }, +[](GeneratedImagesOptions& o) { o.train = 0; },
        +[](GeneratedImagesOptions& o) { o.noise = -1; },
        +[](GeneratedImagesOptions& o) { o.label_noise = 1.5; }}) {
    GeneratedImagesOptions options;
    change(options);
    EXPECT_THROW(generate_images(options), OptionError);
  }
}

}  // namespace
}  // namespace muster
