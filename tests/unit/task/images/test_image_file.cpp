#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "muster/base/error.h"
#include "muster/base/random.h"
#include "muster/task/images/image_file.h"
#include "tests/unit/task/images/encoded_images.h"

namespace muster {
namespace {

using test::encode_jpeg;
using test::encode_png;
using test::JpegForm;
using test::RawImage;
using test::smooth_image;
using ::testing::HasSubstr;

PixelBlock decode(const std::string& bytes, double coarsest = 1) {
  const auto image = open_image(bytes, "file");
  PixelBlock block;
  image->read({0, 0, image->width(), image->height()}, coarsest, block);
  return block;
}

// The RGB that a raw image stands for.
int wanted(const RawImage& image, int64_t x, int64_t y, int64_t c) {
  if (image.channels <= 2) return image.at(x, y, 0);
  if (image.channels == 4) return 0;
  return image.at(x, y, c);
}

int largest_difference(const PixelBlock& block, const RawImage& image,
                       const std::function<int(int64_t, int64_t, int64_t)>& value) {
  EXPECT_EQ(block.width, image.width);
  EXPECT_EQ(block.height, image.height);
  int largest = 0;
  for (int64_t y = 0; y < image.height; ++y)
    for (int64_t x = 0; x < image.width; ++x)
      for (int64_t c = 0; c < 3; ++c)
        largest = std::max(largest, std::abs(block.row(y)[3 * x + c] - value(x, y, c)));
  return largest;
}

int largest_difference(const std::string& file, const RawImage& image) {
  return largest_difference(decode(file), image,
                            [&](int64_t x, int64_t y, int64_t c) { return wanted(image, x, y, c); });
}

TEST(ImageFile, JpegsOfEveryFormComeCloseToWhatWasEncoded) {
  const RawImage colour = smooth_image(75, 53), gray = smooth_image(75, 53, 1);
  EXPECT_LE(largest_difference(encode_jpeg(colour), colour), 8);
  EXPECT_LE(largest_difference(encode_jpeg(colour, {.colour_sampling = 1}), colour), 8);
  EXPECT_LE(largest_difference(encode_jpeg(colour, {.progressive = true}), colour), 8);
  EXPECT_LE(largest_difference(encode_jpeg(colour, {.restart_rows = 1}), colour), 8);
  EXPECT_LE(largest_difference(encode_jpeg(gray), gray), 8);
}

TEST(ImageFile, InksBecomeLight) {
  const RawImage inks = smooth_image(40, 30, 4);
  const auto light = [&](int64_t x, int64_t y, int64_t c) {
    return (255 - inks.at(x, y, c)) * (255 - inks.at(x, y, 3)) / 255;
  };
  EXPECT_LE(largest_difference(decode(encode_jpeg(inks)), inks, light), 8);
}

TEST(ImageFile, PngsOfEveryFormAreExact) {
  const RawImage rgb = smooth_image(37, 22), gray = smooth_image(37, 22, 1);
  EXPECT_EQ(largest_difference(encode_png(rgb), rgb), 0);
  EXPECT_EQ(largest_difference(encode_png(rgb, {.interlaced = true}), rgb), 0);
  EXPECT_EQ(largest_difference(encode_png(rgb, {.bits = 16}), rgb), 0);
  EXPECT_EQ(largest_difference(encode_png(gray), gray), 0);
  EXPECT_EQ(largest_difference(encode_png(gray, {.bits = 16}), gray), 0);
  const RawImage with_alpha = smooth_image(37, 22, 2), rgba = smooth_image(37, 22, 4);
  EXPECT_EQ(largest_difference(encode_png(with_alpha), with_alpha), 0);
  const auto without_alpha = [&](int64_t x, int64_t y, int64_t c) { return rgba.at(x, y, c); };
  EXPECT_EQ(largest_difference(decode(encode_png(rgba)), rgba, without_alpha), 0);
  const auto black_and_white = [&](int64_t x, int64_t y, int64_t) {
    return gray.at(x, y, 0) >= 128 ? 255 : 0;
  };
  EXPECT_EQ(largest_difference(decode(encode_png(gray, {.bits = 1})), gray, black_and_white), 0);
  const auto looked_up = [&](int64_t x, int64_t y, int64_t c) {
    const int v = gray.at(x, y, 0);
    return c == 0 ? v : c == 1 ? 255 - v : v / 2;
  };
  EXPECT_EQ(largest_difference(decode(encode_png(gray, {.palette = true})), gray, looked_up), 0);
}

// Also at smaller scales: what is decoded of a region is what the whole image would give.
TEST(ImageFile, AnyRegionEqualsThatPartOfTheWhole) {
  RandomStream stream({1, Purpose::test, 0, 0});
  const auto draw = [&](int64_t bound) {
    return static_cast<int64_t>(stream.below(static_cast<uint64_t>(bound)));
  };
  const RawImage image = smooth_image(131, 97);
  for (const JpegForm& form : {JpegForm{}, JpegForm{.colour_sampling = 1}, JpegForm{.progressive = true},
                               JpegForm{.restart_rows = 2}}) {
    const std::string file = encode_jpeg(image, form);
    for (const double coarsest : {1.0, 1.9, 2.0, 5.0, 100.0}) {
      const PixelBlock whole = decode(file, coarsest);
      for (int i = 0; i < 25; ++i) {
        Region region{0, 0, 1 + draw(131), 1 + draw(97)};
        region.left = draw(131 - region.width + 1);
        region.top = draw(97 - region.height + 1);
        PixelBlock part;
        open_image(file, "file")->read(region, coarsest, part);
        ASSERT_EQ(part.step, whole.step);
        ASSERT_LE(part.step, std::max(1.0, coarsest));
        const auto right = static_cast<double>(std::min<int64_t>(131, region.left + region.width));
        ASSERT_LE(part.left, region.left);
        ASSERT_GE(part.left + static_cast<double>(part.width) * part.step, right);
        const auto from_x = static_cast<int64_t>(static_cast<double>(region.left) / part.step);
        const auto from_y = static_cast<int64_t>(static_cast<double>(region.top) / part.step);
        const auto corner_x = static_cast<int64_t>(part.left / part.step);
        const auto corner_y = static_cast<int64_t>(part.top / part.step);
        const auto end_x = static_cast<int64_t>(right / part.step);
        const auto end_y = static_cast<int64_t>(static_cast<double>(region.top + region.height) / part.step);
        for (int64_t y = from_y; y < end_y; ++y)
          ASSERT_TRUE(std::equal(whole.row(y) + 3 * from_x, whole.row(y) + 3 * end_x,
                                 part.row(y - corner_y) + 3 * (from_x - corner_x)));
      }
    }
  }
}

TEST(ImageFile, TheFirstBytesTellTheFormat) {
  const RawImage image = smooth_image(20, 20);
  const std::string png = encode_png(image);
  EXPECT_EQ(open_image(png, "a.jpg")->width(), 20);
  EXPECT_EQ(largest_difference(png, image), 0);
}

// A PNG header that promises 60000 x 60000 pixels.
std::string huge_png() {
  return std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xea\x60\0\0\xea\x60\x08\x02\0\0\0", 29) +
         std::string(
             "\x0f\xb0\xe2\x15\0\0\0\x04"
             "IDAT",
             12);
}

// The header of a JPEG, its size overwritten with 60000 x 60000.
std::string huge_jpeg() {
  std::string file = encode_jpeg(smooth_image(16, 16));
  const size_t frame = file.find("\xff\xc0");
  file.replace(frame + 5, 4, "\xea\x60\xea\x60");
  return file;
}

struct BrokenFile {
  const char* name;
  std::string bytes;
  const char* told;
};

TEST(ImageFile, WhatIsBrokenIsToldWithItsName) {
  const RawImage image = smooth_image(64, 64);
  const std::string jpeg = encode_jpeg(image), png = encode_png(image);
  std::string damaged_png = png, damaged_jpeg = jpeg;
  const size_t codes = jpeg.find("\xff\xda"), middle = (codes + jpeg.size()) / 2;
  damaged_png[png.size() / 2] ^= 1;
  damaged_jpeg.replace(middle, 2, "\xff\xd9");  // end of image
  const BrokenFile cases[] = {
      {"empty", "", "is empty"},
      {"text", "hello, world", "neither a JPEG nor a PNG"},
      {"three bytes", jpeg.substr(0, 3), "JPEG"},
      {"header only", jpeg.substr(0, 200), "JPEG"},
      {"half a JPEG", jpeg.substr(0, middle), "JPEG"},
      {"JPEG without its last bytes", jpeg.substr(0, jpeg.size() - 20), "JPEG"},
      {"JPEG that ends in its middle", damaged_jpeg, "JPEG"},
      {"half a progressive JPEG", encode_jpeg(image, {.progressive = true}).substr(0, 900), "JPEG"},
      {"half a PNG", png.substr(0, png.size() / 2), "ends early"},
      {"PNG without its last bytes", png.substr(0, png.size() - 20), "PNG"},
      {"PNG with a wrong bit", damaged_png, "PNG"},
      {"huge PNG", huge_png(), "60000 x 60000"},
      {"huge JPEG", huge_jpeg(), "60000 x 60000"},
  };
  for (const BrokenFile& broken : cases) {
    SCOPED_TRACE(broken.name);
    try {
      const auto opened = open_image(broken.bytes, "some/file.jpg");
      PixelBlock block;
      opened->read({0, 0, 4, 4}, 1, block);  // however little is wanted
      ADD_FAILURE() << "was decoded";
    } catch (const DataError& error) {
      EXPECT_THAT(error.what(), HasSubstr("'some/file.jpg'"));
      EXPECT_THAT(error.what(), HasSubstr(broken.told));
    }
  }
}

// Either decoded or refused, whatever the bytes are: never a crash, an exit or another error.
TEST(ImageFile, NoDamageDoesMoreThanADataError) {
  RandomStream stream({2, Purpose::test, 0, 0});
  const RawImage image = smooth_image(48, 40);
  int refused = 0, tried = 0;
  for (const std::string& whole :
       {encode_jpeg(image), encode_jpeg(image, {.progressive = true}), encode_jpeg(smooth_image(48, 40, 4)),
        encode_png(image), encode_png(smooth_image(48, 40, 1), {.palette = true, .interlaced = true})})
    for (int i = 0; i < 300; ++i) {
      std::string file = whole;
      if (i % 3 == 0) file.resize(stream.below(file.size()));
      for (int k = 0; k < 3 && !file.empty() && i % 3 != 0; ++k)
        file[stream.below(file.size())] = static_cast<char>(stream.below(256));
      ++tried;
      try {
        const auto opened = open_image(file, "f");
        PixelBlock block;
        opened->read(
            {opened->width() / 3, opened->height() / 3, 1 + opened->width() / 3, 1 + opened->height() / 3},
            i % 2 == 0 ? 1 : 3, block);
      } catch (const DataError&) {
        ++refused;
      }
    }
  EXPECT_GT(refused, tried / 2);
}

}  // namespace
}  // namespace muster
