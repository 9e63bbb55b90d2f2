// The forms of images beside JPEG and PNG, and what is odd about files that are whole all the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/base/random.h"
#include "muster/task/images/exif_orientation.h"
#include "muster/task/images/image_file.h"
#include "tests/unit/task/images/encoded_formats.h"

namespace muster {
namespace {

using test::encode_bmp;
using test::encode_jpeg;
using test::encode_plain_pnm;
using test::encode_pnm;
using test::encode_tiff;
using test::encode_webp;
using test::RawImage;
using test::smooth_image;
using ::testing::HasSubstr;

struct Decoded {
  PixelBlock block;
  ImageOddities oddities;
};

Decoded decode(const std::string& bytes) {
  const auto image = open_image(bytes, "file");
  Decoded decoded;
  image->read({0, 0, image->width(), image->height()}, 1, decoded.block);
  decoded.oddities = image->oddities();
  return decoded;
}

// The largest difference from the image's colours, alpha left out, gray repeated.
int difference(const std::string& bytes, const RawImage& image) {
  const PixelBlock block = decode(bytes).block;
  EXPECT_EQ(block.width, image.width);
  EXPECT_EQ(block.height, image.height);
  int largest = 0;
  for (int64_t y = 0; y < image.height; ++y)
    for (int64_t x = 0; x < image.width; ++x)
      for (int64_t c = 0; c < 3; ++c) {
        const int wanted = image.at(x, y, image.channels <= 2 ? 0 : c);
        largest = std::max(largest, std::abs(block.row(y)[3 * x + c] - wanted));
      }
  return largest;
}

TEST(ImageFormats, WebpIsExactAndItsAlphaIsDropped) {
  EXPECT_EQ(difference(encode_webp(smooth_image(37, 22)), smooth_image(37, 22)), 0);
  EXPECT_EQ(difference(encode_webp(smooth_image(37, 22, 4)), smooth_image(37, 22, 4)), 0);
}

TEST(ImageFormats, OfAnAnimationTheFirstFrameIsTakenOnBlack) {
  const RawImage image = smooth_image(10, 8);
  const PixelBlock block = decode(test::encode_animation(image, 4, 2, 20, 16)).block;
  ASSERT_EQ(block.width, 20);
  ASSERT_EQ(block.height, 16);
  EXPECT_EQ(block.row(2)[3 * 4 + 1], image.at(0, 0, 1));
  EXPECT_EQ(block.row(9)[3 * 13 + 2], image.at(9, 7, 2));
  EXPECT_EQ(block.row(1)[3 * 4], 0);
  EXPECT_EQ(block.row(2)[3 * 14], 0);
}

TEST(ImageFormats, TiffsOfEveryFormAreExact) {
  const RawImage rgb = smooth_image(37, 22), gray = smooth_image(37, 22, 1);
  for (const int compression : {1, 5, 8, 32773}) {
    SCOPED_TRACE(compression);
    EXPECT_EQ(difference(encode_tiff(rgb, {.compression = compression}), rgb), 0);
    EXPECT_EQ(difference(encode_tiff(gray, {.compression = compression}), gray), 0);
  }
  EXPECT_EQ(difference(encode_tiff(rgb, {.tiled = true}), rgb), 0);
  EXPECT_LE(difference(encode_tiff(gray, {.bits = 16}), gray), 1);
  EXPECT_LE(difference(encode_tiff(rgb, {.bits = 16}), rgb), 1);
}

TEST(ImageFormats, AlphaOfATiffIsDroppedNotBlended) {
  const RawImage gray = smooth_image(37, 22, 2), rgb = smooth_image(37, 22, 4);
  EXPECT_EQ(difference(encode_tiff(gray), gray), 0);
  EXPECT_EQ(difference(encode_tiff(rgb), rgb), 0);
  EXPECT_LE(difference(encode_tiff(rgb, {.premultiplied = true}), rgb), 6) << "divided by alpha again";
}

TEST(ImageFormats, InksOfATiffBecomeLight) {
  const RawImage inks = smooth_image(20, 10, 4);
  const PixelBlock block = decode(encode_tiff(inks, {.inks = true})).block;
  const int black = inks.at(3, 4, 3), cyan = inks.at(3, 4, 0);
  const int light = (255 - cyan) * (255 - black) / 255;
  EXPECT_NEAR(block.row(4)[9], light, 1);
}

TEST(ImageFormats, PortableImagesOfEveryKindAndScale) {
  const RawImage rgb = smooth_image(37, 22), gray = smooth_image(37, 22, 1);
  for (const RawImage& image : {rgb, gray}) {
    EXPECT_EQ(difference(encode_pnm(image), image), 0);
    EXPECT_EQ(difference(encode_plain_pnm(image), image), 0);
    EXPECT_EQ(difference(encode_pnm(image, 65535), image), 0);
    EXPECT_LE(difference(encode_pnm(image, 15), image), 9);
    EXPECT_LE(difference(encode_plain_pnm(image, 100), image), 2);
  }
  const RawImage bits{3, 2, 1, {255, 0, 255, 0, 0, 255}};
  EXPECT_EQ(difference("P1\n3 2\n010\n1 1 # black\n0\n", bits), 0);
  EXPECT_EQ(difference(std::string("P4 3 2\n\x40\xC0", 9), bits), 0);
}

TEST(ImageFormats, BitmapsOfEveryKind) {
  const RawImage rgb = smooth_image(37, 22), gray = smooth_image(37, 22, 1);
  EXPECT_EQ(difference(encode_bmp(rgb), rgb), 0);
  EXPECT_EQ(difference(encode_bmp(rgb, {.from_above = true}), rgb), 0);
  EXPECT_EQ(difference(encode_bmp(rgb, {.bits = 32}), rgb), 0);
  EXPECT_LE(difference(encode_bmp(rgb, {.bits = 16}), rgb), 8);
  EXPECT_EQ(difference(encode_bmp(gray, {.bits = 8}), gray), 0);
  EXPECT_EQ(difference(encode_bmp(gray, {.bits = 8, .runs = true}), gray), 0);
}

TEST(ImageFormats, SurplusBytesBeforeAMarkerAreLeftOutAndNoted) {
  const RawImage image = smooth_image(75, 53);
  std::string file = encode_jpeg(image);
  EXPECT_FALSE(decode(file).oddities.surplus_bytes);
  const PixelBlock plain = decode(file).block;
  file.insert(file.size() - 2, "JUNKJUNKJUNK");
  const Decoded decoded = decode(file);
  EXPECT_TRUE(decoded.oddities.surplus_bytes);
  EXPECT_EQ(decoded.block.pixels, plain.pixels);
  // Before a restart marker, too.
  std::string restarts = encode_jpeg(image, {.restart_rows = 1});
  const PixelBlock whole = decode(restarts).block;
  const size_t marker = restarts.find("\xFF\xD1");
  ASSERT_NE(marker, std::string::npos);
  restarts.insert(marker, "surplus");
  EXPECT_EQ(decode(restarts).block.pixels, whole.pixels);
  EXPECT_TRUE(decode(restarts).oddities.surplus_bytes);
}

TEST(ImageFormats, ARotationIsNotedAndNotApplied) {
  const std::string jpeg = encode_jpeg(smooth_image(40, 30));
  EXPECT_FALSE(decode(test::with_exif(jpeg, test::exif_with_orientation(1))).oddities.turned);
  const Decoded turned = decode(test::with_exif(jpeg, test::exif_with_orientation(6)));
  EXPECT_TRUE(turned.oddities.turned);
  EXPECT_EQ(turned.block.width, 40);
  EXPECT_EQ(turned.block.pixels, decode(jpeg).block.pixels);
  const RawImage image = smooth_image(20, 10);
  for (const int orientation : {1, 2, 3, 4, 5, 6, 7, 8}) {
    const std::string tiff = encode_tiff(image, {.orientation = orientation});
    EXPECT_EQ(decode(tiff).oddities.turned, orientation != 1);
    EXPECT_EQ(difference(tiff, image), 0) << orientation;
  }
}

TEST(ImageFormats, ExifDataThatMakeNoSenseAreUpright) {
  const std::string good = test::exif_with_orientation(8);
  EXPECT_EQ(exif_orientation(good), 8);
  EXPECT_EQ(exif_orientation(std::string("MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x03\0\0", 22)), 3);
  for (size_t length = 0; length < good.size(); ++length)
    exif_orientation(std::string_view(good).substr(0, length));
  EXPECT_EQ(exif_orientation(test::exif_with_orientation(9)), 1);
  EXPECT_EQ(exif_orientation("hello"), 1);
}

TEST(ImageFormats, WhatIsTruncatedIsRefused) {
  const RawImage image = smooth_image(64, 64);
  const std::string files[] = {
      encode_webp(image), test::encode_animation(image, 2, 2, 80, 80),
      encode_tiff(image), encode_tiff(image, {.compression = 5}),
      encode_pnm(image),  encode_plain_pnm(image),
      encode_bmp(image),  encode_bmp(smooth_image(64, 64, 1), {.bits = 8, .runs = true})};
  for (const std::string& whole : files) {
    SCOPED_TRACE(whole.substr(0, 4));
    for (const size_t length : {whole.size() / 2, whole.size() - 20, size_t{20}, size_t{3}, size_t{2}})
      EXPECT_THROW(decode(whole.substr(0, length)), DataError) << length << " of " << whole.size();
  }
}

struct Other {
  std::string bytes, told;
};

TEST(ImageFormats, WhatIsNoImageIsCalledByItsName) {
  const Other cases[] = {{"GIF89a....", "GIF"},
                         {"<!DOCTYPE html><html>", "HTML"},
                         {std::string("\0\0\0\x18"
                                      "ftypheic....",
                                      16),
                          "HEIC"},
                         {std::string("\x1F\x8B\x08\0\0\0\0\0\0\x03....", 14), "gunzip"},
                         {"BM", "BMP"},
                         {"P6 0 3 255\n", "no pixel"},
                         {"P6 30000 30000 255\n", "30000 x 30000"},
                         {"P5 3 3 70000\n.........", "largest value"}};
  for (const Other& other : cases) {
    try {
      decode(other.bytes);
      ADD_FAILURE() << other.told << " was decoded";
    } catch (const DataError& error) {
      EXPECT_THAT(error.what(), HasSubstr("'file'"));
      EXPECT_THAT(error.what(), HasSubstr(other.told));
    }
  }
}

// Either decoded or refused, whatever the bytes are: never a crash or another error.
TEST(ImageFormats, NoDamageDoesMoreThanADataError) {
  RandomStream stream({2, Purpose::test, 0, 0});
  const RawImage image = smooth_image(48, 40), alpha = smooth_image(48, 40, 4),
                 gray = smooth_image(48, 40, 1);
  const std::string files[] = {encode_webp(image),
                               encode_webp(alpha),
                               test::encode_animation(image, 2, 2, 80, 80),
                               encode_tiff(image),
                               encode_tiff(alpha, {.compression = 5}),
                               encode_tiff(gray, {.compression = 8, .bits = 16}),
                               encode_tiff(image, {.compression = 32773, .tiled = false}),
                               encode_tiff(image, {.tiled = true}),
                               encode_pnm(image),
                               encode_plain_pnm(gray),
                               encode_bmp(image),
                               encode_bmp(gray, {.bits = 8, .runs = true}),
                               encode_bmp(image, {.bits = 16})};
  int refused = 0;
  for (const std::string& whole : files)
    for (int i = 0; i < 200; ++i) {
      std::string file = whole;
      // Headers are short: most changes go there.
      const size_t reach = i % 2 == 0 ? std::min<size_t>(file.size(), 80) : file.size();
      if (i % 5 == 0) file.resize(stream.below(file.size()));
      for (int k = 0; k < 3 && i % 5 != 0; ++k)
        file[stream.below(reach)] = static_cast<char>(stream.below(256));
      if (i % 7 == 0 && whole.starts_with("II"))  // a TIFF's directory lies at its end
        for (int k = 0; k < 3 && file.size() > 200; ++k)
          file[file.size() - 1 - stream.below(150)] = static_cast<char>(stream.below(256));
      try {
        decode(file);
      } catch (const DataError&) {
        ++refused;
      }
    }
  EXPECT_GT(refused, 500);
}

TEST(ImageFormats, AFileWithSurplusBytesThatWasFoundOutside) {
  const char* given = std::getenv("MUSTER_TEST_DATA");
  const std::string path = std::string(given != nullptr ? given : "") + "/surplus_bytes.jpg";
  if (given == nullptr || !std::filesystem::exists(path))
    GTEST_SKIP() << "MUSTER_TEST_DATA does not name a folder that holds surplus_bytes.jpg";
  EXPECT_TRUE(decode(read_file(path)).oddities.surplus_bytes);
}

}  // namespace
}  // namespace muster
