#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "muster/base/random.h"
#include "muster/task/images/normalise_kernel.h"
#include "muster/task/images/resample.h"

namespace muster {
namespace {

PixelBlock random_block(int64_t width, int64_t height) {
  PixelBlock block;
  block.width = width;
  block.height = height;
  RandomStream stream({5, Purpose::test, 0, 0});
  for (int64_t i = 0; i < width * height * 3; ++i)
    block.pixels.push_back(static_cast<uint8_t>(stream.below(256)));
  return block;
}

std::vector<float> resized(const PixelBlock& block, const SourceBox& box, bool inside, int64_t width,
                           int64_t height) {
  std::vector<float> out(static_cast<size_t>(width * height * 3));
  resample(block, box, inside, width, height, out);
  return out;
}

TEST(Resample, WeightsOfEveryOutputAddUpToOne) {
  for (const double length : {3.0, 10.0, 64.0, 333.3})
    for (const int64_t outputs : {1, 7, 64, 224}) {
      const AxisTaps taps = bilinear_taps(1.5, length, outputs, 0, 400);
      for (int64_t i = 0; i < outputs; ++i) {
        const float* weights = taps.weights.data() + i * taps.most;
        EXPECT_NEAR(std::accumulate(weights, weights + taps.most, 0.0), 1.0, 1e-6);
        EXPECT_GE(taps.first[static_cast<size_t>(i)], 0);
      }
    }
}

TEST(Resample, HalvingIsTheTriangleOfFourPixels) {
  const AxisTaps taps = bilinear_taps(0, 16, 8, 0, 16);
  EXPECT_EQ(taps.first[3], 5);
  ASSERT_EQ(taps.count[3], 4);
  const float* weights = taps.weights.data() + 3 * taps.most;
  for (const auto& [k, wanted] : {std::pair{0, 1.0 / 8}, {1, 3.0 / 8}, {2, 3.0 / 8}, {3, 1.0 / 8}})
    EXPECT_NEAR(weights[k], wanted, 1e-7);
}

// Pillow 9.4: Image.resize(..., Image.BILINEAR) of this row.
TEST(Resample, GivesPillowsNumbers) {
  PixelBlock block;
  block.width = 9;
  block.height = 4;
  for (int64_t i = 0; i < 36; ++i)
    for (int c = 0; c < 3; ++c) block.pixels.push_back(static_cast<uint8_t>(i % 9 * 29));
  const std::pair<int64_t, std::vector<int>> cases[] = {
      {4, {24, 83, 149, 208}},
      {9, {0, 29, 58, 87, 116, 145, 174, 203, 232}},
      {15, {0, 12, 29, 46, 64, 81, 99, 116, 133, 151, 168, 186, 203, 220, 232}}};
  for (const auto& [width, wanted] : cases) {
    const auto out = resized(block, {0, 0, 9, 4}, true, width, 4);
    for (int64_t x = 0; x < width; ++x)
      for (int64_t c = 0; c < 3; ++c)
        EXPECT_NEAR(out[static_cast<size_t>(3 * x + c)], wanted[static_cast<size_t>(x)], 0.51)
            << width << " " << x;
  }
}

TEST(Resample, TheSameSizeIsTheSameImage) {
  const PixelBlock block = random_block(13, 9);
  const auto out = resized(block, {0, 0, 13, 9}, true, 13, 9);
  for (size_t i = 0; i < out.size(); ++i) EXPECT_EQ(out[i], block.pixels[i]);
}

TEST(Resample, InsideLooksAtTheBoxOnly) {
  PixelBlock block = random_block(40, 30);
  const SourceBox box{10, 5, 20, 18};
  const auto cut = resized(block, box, true, 7, 7), open = resized(block, box, false, 7, 7);
  EXPECT_NE(cut, open);
  for (int64_t y = 0; y < 30; ++y)
    for (int64_t x = 0; x < 40; ++x)
      if (x < 10 || x >= 30 || y < 5 || y >= 23) {
        const auto at = static_cast<size_t>((y * 40 + x) * 3);
        block.pixels[at] = block.pixels[at + 1] = block.pixels[at + 2] = 7;
      }
  EXPECT_EQ(resized(block, box, true, 7, 7), cut);
  EXPECT_NE(resized(block, box, false, 7, 7), open);
}

TEST(Resample, ABlockIsAPartOfTheImage) {
  const PixelBlock whole = random_block(40, 30);
  PixelBlock part;
  part.left = 8;
  part.top = 4;
  part.width = 26;
  part.height = 21;
  for (int64_t y = 0; y < part.height; ++y)
    part.pixels.insert(part.pixels.end(), whole.row(y + 4) + 3 * 8, whole.row(y + 4) + 3 * 34);
  const SourceBox box{10, 5, 20, 18};
  EXPECT_EQ(resized(part, box, true, 9, 11), resized(whole, box, true, 9, 11));
}

TEST(Normalise, PutsChannelsOneAfterTheOther) {
  const std::vector<uint8_t> rgb = {0, 51, 102, 153, 204, 255};  // two pixels
  const ChannelStatistics statistics{{0.5, 0.25, 0}, {0.5, 0.25, 2}};
  std::vector<float> out(6);
  normalise(std::span<const uint8_t>(rgb), 2, 1, false, statistics, out);
  const std::vector<double> wanted = {-1, 0.2, -0.2, 2.2, 0.2, 0.5};
  for (size_t i = 0; i < 6; ++i) EXPECT_NEAR(out[i], wanted[i], 1e-6);
  std::vector<float> mirrored(6);
  normalise(std::span<const uint8_t>(rgb), 2, 1, true, statistics, mirrored);
  for (size_t i = 0; i < 6; ++i) EXPECT_EQ(mirrored[i], out[i ^ 1]);
  const std::vector<float> floats(rgb.begin(), rgb.end());
  std::vector<float> from_floats(6);
  normalise(std::span<const float>(floats), 2, 1, false, statistics, from_floats);
  EXPECT_EQ(from_floats, out);
}

}  // namespace
}  // namespace muster
