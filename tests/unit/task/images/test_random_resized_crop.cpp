#include <gtest/gtest.h>

#include <cmath>

#include "muster/task/images/random_resized_crop.h"

namespace muster {
namespace {

Region crop(int64_t width, int64_t height, uint64_t key) {
  RandomStream stream({3, Purpose::test, key, 0});
  return random_resized_crop(width, height, {}, stream);
}

TEST(RandomResizedCrop, HasTheSharesRatiosAndPlacesOfThePaper) {
  constexpr int draws = 4000;
  double share = 0, ratio = 0, left = 0, top = 0;
  for (uint64_t key = 0; key < draws; ++key) {
    const Region region = crop(400, 400, key);
    ASSERT_GE(region.left, 0);
    ASSERT_GE(region.top, 0);
    ASSERT_LE(region.left + region.width, 400);
    ASSERT_LE(region.top + region.height, 400);
    const auto width = static_cast<double>(region.width), height = static_cast<double>(region.height);
    ASSERT_GT(width * height / 160000, 0.079);
    ASSERT_GT(width / height, 0.74);
    ASSERT_LT(width / height, 1.35);
    share += width * height / 160000 / draws;
    ratio += std::log(width / height) / draws;
    if (region.width < 400)
      left += static_cast<double>(region.left) / static_cast<double>(400 - region.width) / draws;
    if (region.height < 400)
      top += static_cast<double>(region.top) / static_cast<double>(400 - region.height) / draws;
  }
  // Uniform on [0.08, 1] has mean 0.54; what does not fit into the square is drawn again, which lowers it.
  EXPECT_GT(share, 0.47);
  EXPECT_LT(share, 0.54);
  EXPECT_NEAR(ratio, 0, 0.015);
  EXPECT_NEAR(left, 0.5, 0.03);
  EXPECT_NEAR(top, 0.5, 0.03);
}

TEST(RandomResizedCrop, IsAFunctionOfItsStream) {
  EXPECT_EQ(crop(300, 200, 5), crop(300, 200, 5));
  EXPECT_FALSE(crop(300, 200, 5) == crop(300, 200, 6));
}

TEST(RandomResizedCrop, FallsBackToTheCentreWhereNothingFits) {
  EXPECT_EQ(crop(1000, 10, 1), (Region{493, 0, 13, 10}));  // 4/3 of the height
  EXPECT_EQ(crop(10, 1000, 1), (Region{0, 493, 10, 13}));  // 3/4 of the width's inverse
  EXPECT_EQ(crop(1, 1, 1), (Region{0, 0, 1, 1}));
}

}  // namespace
}  // namespace muster
