#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "muster/base/error.h"
#include "muster/task/images/image_operations.h"
#include "muster/task/images/rand_augment.h"

namespace muster {
namespace {

constexpr int64_t width = 7, height = 6;

std::vector<uint8_t> small_picture(int64_t enlarged = 1) {
  std::vector<uint8_t> rgb;
  for (int64_t row = 0; row < height * enlarged; ++row)
    for (int64_t column = 0; column < width * enlarged; ++column)
      for (int64_t c = 0; c < 3; ++c) {
        const int64_t x = column / enlarged, y = row / enlarged;
        rgb.push_back(static_cast<uint8_t>((20 + 31 * x + 17 * y + 45 * c + (x * y * 13) % 50) % 230));
      }
  return rgb;
}

std::vector<int> third_row(const std::vector<uint8_t>& rgb) {
  return {rgb.begin() + 2 * width * 3, rgb.begin() + 3 * width * 3};
}

struct Case {
  const char* name;
  std::function<void(Picture)> change;
  std::vector<int> row;  ///< the third, by Pillow 9.4
};

std::vector<Case> moves() {
  return {
      {"shear_x", [](Picture p) { shear_x(p, 0.3); }, {111, 156, 201, 118, 163, 208, 175, 220, 35, 182, 227,
                                                       42,  9,   54,  99,  16,  61,  106, 0,   0,  0}},
      {"shear_y", [](Picture p) { shear_y(p, -0.3); }, {54, 99,  144, 111, 156, 201, 125, 170, 215, 169, 214,
                                                        29, 163, 208, 23,  175, 220, 35,  206, 21,  66}},
      {"translate_x",
       [](Picture p) { translate_x(p, 2); },
       {0, 0, 0, 0, 0, 0, 54, 99, 144, 111, 156, 201, 118, 163, 208, 175, 220, 35, 182, 227, 42}},
      {"translate_y",
       [](Picture p) { translate_y(p, -1); },
       {71, 116, 161, 141, 186, 1, 161, 206, 21, 181, 226, 41, 201, 16, 61, 41, 86, 131, 61, 106, 151}},
      {"rotate", [](Picture p) { rotate(p, 30); }, {81, 126, 171, 125, 170, 215, 118, 163, 208, 175, 220,
                                                    35, 201, 16,  61,  41,  86,  131, 56,  101, 146}},
  };
}

std::vector<Case> values() {
  return {
      {"brightness",
       [](Picture p) { adjust_brightness(p, 1.4); },
       {75, 138, 201, 155, 218, 255, 165, 228, 255, 245, 255, 49, 254, 255, 58, 12, 75, 138, 22, 85, 148}},
      {"color",
       [](Picture p) { adjust_color(p, 0.3); },
       {79, 93, 106, 136, 150, 163, 143, 157, 170, 182, 195, 140, 189, 202, 147, 34, 48, 61, 41, 55, 68}},
      {"contrast",
       [](Picture p) { adjust_contrast(p, 1.7); },
       {10, 87, 163, 107, 184, 255, 119, 195, 255, 216, 255, 0, 228, 255, 0, 0, 10, 87, 0, 22, 99}},
      {"sharpness",
       [](Picture p) { adjust_sharpness(p, 1.9); },
       {54, 99, 144, 118, 163, 239, 104, 149, 255, 182, 242, 9, 203, 255, 31, 0, 28, 106, 16, 61, 106}},
      {"posterize", [](Picture p) { posterize(p, 4); }, {48, 96,  144, 96, 144, 192, 112, 160, 208, 160, 208,
                                                         32, 176, 224, 32, 0,   48,  96,  16,  48,  96}},
      {"solarize", [](Picture p) { solarize(p, 110.5); }, {54, 99, 111, 144, 99, 54, 137, 92, 47, 80, 35,
                                                           35, 73, 28,  42,  9,  54, 99,  16, 61, 106}},
      {"auto_contrast",
       [](Picture p) { auto_contrast(p); },
       {54, 109, 170, 123, 174, 238, 131, 182, 246, 200, 247, 40, 209, 254, 48, 0, 58, 116, 8, 66, 125}},
  };
}

TEST(ImageOperations, GivePillowsNumbers) {
  std::vector<Case> all = moves();
  for (Case& one : values()) all.push_back(one);
  for (const Case& one : all) {
    std::vector<uint8_t> rgb = small_picture();
    one.change({rgb, width, height});
    EXPECT_EQ(third_row(rgb), one.row) << one.name;
  }
}

// The histogram of so few pixels has no 255 steps: every pixel is made 8 x 8.
TEST(ImageOperations, EqualizeGivesPillowsNumbers) {
  std::vector<uint8_t> rgb = small_picture(8);
  equalize({rgb, width * 8, height * 8});
  std::vector<int> row;
  for (int64_t x = 0; x < width; ++x)
    for (int64_t c = 0; c < 3; ++c)
      row.push_back(rgb[static_cast<size_t>((2 * 8 * width * 8 + x * 8) * 3 + c)]);
  EXPECT_EQ(row, (std::vector<int>{64, 102, 173, 128, 166, 237, 141, 179, 250, 205, 243,
                                   45, 224, 255, 64,  0,   38,  109, 19,  58,  128}));
}

TEST(ImageOperations, LeavePlainPicturesAlone) {
  const std::vector<uint8_t> plain(300, 77);
  for (const auto& change :
       {std::function<void(Picture)>(auto_contrast), std::function<void(Picture)>(equalize)}) {
    std::vector<uint8_t> rgb = plain;
    change({rgb, 10, 10});
    EXPECT_EQ(rgb, plain);
  }
}

TEST(RandAugment, MagnitudeZeroChangesNothingButTwoOperations) {
  for (int64_t operation = 0; operation < 14; ++operation)
    for (const bool negative : {false, true}) {
      std::vector<uint8_t> rgb = small_picture(8);
      apply_operation({rgb, width * 8, height * 8}, operation, 0, negative);
      const bool without_strength = operation >= 12;  // auto_contrast, equalize
      EXPECT_EQ(rgb == small_picture(8), !without_strength) << operation;
    }
}

TEST(RandAugment, StrengthsAreThoseOfTorchvision) {
  const auto applied = [](int64_t operation, int64_t magnitude, bool negative) {
    std::vector<uint8_t> rgb = small_picture(8);
    apply_operation({rgb, width * 8, height * 8}, operation, magnitude, negative);
    return rgb;
  };
  const auto changed = [](const std::function<void(Picture)>& change) {
    std::vector<uint8_t> rgb = small_picture(8);
    change({rgb, width * 8, height * 8});
    return rgb;
  };
  EXPECT_EQ(applied(1, 15, true), changed([](Picture p) { shear_x(p, -0.15); }));
  EXPECT_EQ(applied(3, 30, false), changed([](Picture p) { translate_x(p, 25); }));  // 150/331 of 56
  EXPECT_EQ(applied(4, 30, true), changed([](Picture p) { translate_y(p, -21); }));  // 150/331 of 48
  EXPECT_EQ(applied(5, 20, false), changed([](Picture p) { rotate(p, 20); }));
  EXPECT_EQ(applied(6, 10, true), changed([](Picture p) { adjust_brightness(p, 0.7); }));
  EXPECT_EQ(applied(9, 30, false), changed([](Picture p) { adjust_sharpness(p, 1.9); }));
  EXPECT_EQ(applied(10, 30, false), changed([](Picture p) { posterize(p, 4); }));
  EXPECT_EQ(applied(10, 9, false), changed([](Picture p) { posterize(p, 7); }));
  EXPECT_EQ(applied(11, 30, false), changed([](Picture p) { solarize(p, 0); }));
  EXPECT_THROW(applied(14, 1, false), Bug);
}

TEST(RandAugment, DrawsEveryOperationAlikeAndIsAFunctionOfItsStream) {
  std::map<std::string, int> seen;
  constexpr int draws = 2800;
  for (uint64_t key = 0; key < draws; ++key) {
    std::vector<uint8_t> rgb = small_picture(8), again = rgb;
    RandomStream stream({1, Purpose::test, key, 0}), same({1, Purpose::test, key, 0});
    rand_augment({rgb, width * 8, height * 8}, {.operations = 1, .magnitude = 17}, stream);
    rand_augment({again, width * 8, height * 8}, {.operations = 1, .magnitude = 17}, same);
    ASSERT_EQ(rgb, again);
    ++seen[std::string(rgb.begin(), rgb.end())];
  }
  ASSERT_EQ(seen.size(), 23U) << "9 operations of two signs and 5 of one";
  std::map<int, int> classes;  // how many of about 100, how many of about 200
  for (const auto& [picture, count] : seen) ++classes[count > 150 ? 200 : 100];
  EXPECT_EQ(classes[200], 5);
  for (const auto& [picture, count] : seen) EXPECT_NEAR(count, count > 150 ? 200 : 100, 60);
}

TEST(RandAugment, RefusesWhatCannotBe) {
  EXPECT_THROW((RandAugmentOptions{.operations = 15}.validate()), OptionError);
  EXPECT_THROW((RandAugmentOptions{.operations = -1}.validate()), OptionError);
  EXPECT_THROW((RandAugmentOptions{.magnitude = 31}.validate()), OptionError);
  EXPECT_NO_THROW((RandAugmentOptions{.operations = 14, .magnitude = 30}.validate()));
}

}  // namespace
}  // namespace muster
