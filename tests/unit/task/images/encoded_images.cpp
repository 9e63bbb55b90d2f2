#include "tests/unit/task/images/encoded_images.h"

#include <jpeglib.h>
#include <png.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace muster::test {

RawImage smooth_image(int64_t width, int64_t height, int64_t channels) {
  RawImage image{width, height, channels, {}};
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      for (int64_t c = 0; c < channels; ++c) {
        const auto phase = static_cast<double>(c);
        const double wave =
            std::sin(static_cast<double>(x) / 19 + phase) + std::cos(static_cast<double>(y) / 13 - phase);
        image.pixels.push_back(static_cast<uint8_t>(128 + 50 * wave));
      }
  return image;
}

std::string encode_jpeg(const RawImage& image, const JpegForm& form) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &bytes, &size);
  info.image_width = static_cast<JDIMENSION>(image.width);
  info.image_height = static_cast<JDIMENSION>(image.height);
  info.input_components = static_cast<int>(image.channels);
  info.in_color_space = image.channels == 1 ? JCS_GRAYSCALE : image.channels == 3 ? JCS_RGB : JCS_CMYK;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, form.quality, TRUE);
  if (image.channels == 3)
    info.comp_info[0].h_samp_factor = info.comp_info[0].v_samp_factor = form.colour_sampling;
  if (form.progressive) jpeg_simple_progression(&info);
  info.restart_in_rows = form.restart_rows;
  jpeg_start_compress(&info, TRUE);
  std::vector<uint8_t> row(static_cast<size_t>(image.width * image.channels));
  for (int64_t y = 0; y < image.height; ++y) {
    for (size_t i = 0; i < row.size(); ++i) {
      const uint8_t value = image.pixels[static_cast<size_t>(y) * row.size() + i];
      row[i] = image.channels == 4 ? static_cast<uint8_t>(255 - value) : value;
    }
    JSAMPROW pointer = row.data();
    jpeg_write_scanlines(&info, &pointer, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::string file(reinterpret_cast<char*>(bytes), size);
  std::free(bytes);
  return file;
}

namespace {

int colour_type(const RawImage& image, const PngForm& form) {
  if (form.palette) return PNG_COLOR_TYPE_PALETTE;
  constexpr std::array<int, 4> types = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB,
                                        PNG_COLOR_TYPE_RGB_ALPHA};
  return types[static_cast<size_t>(image.channels - 1)];
}

std::vector<uint8_t> packed_row(const RawImage& image, int64_t y, int bits) {
  const int64_t values = image.width * image.channels;
  std::vector<uint8_t> row(static_cast<size_t>((values * bits + 7) / 8), 0);
  for (int64_t i = 0; i < values; ++i) {
    const uint8_t value = image.pixels[static_cast<size_t>(y * values + i)];
    if (bits == 1)
      row[static_cast<size_t>(i / 8)] |= static_cast<uint8_t>((value >= 128 ? 0x80 : 0) >> (i % 8));
    else
      for (int byte = 0; byte < bits / 8; ++byte) row[static_cast<size_t>(i * bits / 8 + byte)] = value;
  }
  return row;
}

}  // namespace

std::string encode_png(const RawImage& image, const PngForm& form) {
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  std::string file;
  png_set_write_fn(
      png, &file,
      [](png_structp to, png_bytep bytes, size_t count) {
        static_cast<std::string*>(png_get_io_ptr(to))->append(reinterpret_cast<char*>(bytes), count);
      },
      [](png_structp) {});
  png_set_IHDR(png, info, static_cast<png_uint_32>(image.width), static_cast<png_uint_32>(image.height),
               form.bits, colour_type(image, form),
               form.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  std::array<png_color, 256> palette{};
  for (size_t v = 0; v < 256; ++v)
    palette[v] = {static_cast<png_byte>(v), static_cast<png_byte>(255 - v), static_cast<png_byte>(v / 2)};
  if (form.palette) png_set_PLTE(png, info, palette.data(), 256);
  png_write_info(png, info);
  const int passes = png_set_interlace_handling(png);
  for (int pass = 0; pass < passes; ++pass)
    for (int64_t y = 0; y < image.height; ++y) png_write_row(png, packed_row(image, y, form.bits).data());
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return file;
}

}  // namespace muster::test
