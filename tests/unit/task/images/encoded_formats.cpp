#include "tests/unit/task/images/encoded_formats.h"

#include <fmt/format.h>
#include <tiffio.h>
#include <webp/encode.h>

#include <algorithm>
#include <cstring>

#include "muster/base/error.h"

namespace muster::test {

namespace {

std::string little(uint32_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}

// A file in memory for libtiff.
struct Memory {
  std::string bytes;
  size_t at = 0;
  static Memory& of(thandle_t handle) { return *static_cast<Memory*>(handle); }
  static tmsize_t read(thandle_t handle, void* to, tmsize_t count) {
    Memory& memory = of(handle);
    const size_t some =
        std::min(static_cast<size_t>(count), memory.bytes.size() - std::min(memory.at, memory.bytes.size()));
    std::memcpy(to, memory.bytes.data() + memory.at, some);
    memory.at += some;
    return static_cast<tmsize_t>(some);
  }
  static tmsize_t write(thandle_t handle, void* from, tmsize_t count) {
    Memory& memory = of(handle);
    const auto length = static_cast<size_t>(count);
    memory.bytes.resize(std::max(memory.bytes.size(), memory.at + length));
    std::memcpy(memory.bytes.data() + memory.at, from, length);
    memory.at += length;
    return count;
  }
  static toff_t seek(thandle_t handle, toff_t offset, int from) {
    Memory& memory = of(handle);
    return memory.at = offset + (from == SEEK_CUR ? memory.at : from == SEEK_END ? memory.bytes.size() : 0);
  }
  static int close(thandle_t) { return 0; }
  static toff_t size(thandle_t handle) { return of(handle).bytes.size(); }
};

uint8_t stored(const RawImage& image, int64_t x, int64_t y, int64_t c, const TiffForm& form) {
  const uint8_t value = image.at(x, y, c);
  if (!form.premultiplied || c == image.channels - 1) return value;
  return static_cast<uint8_t>((value * image.at(x, y, image.channels - 1) + 127) / 255);
}

std::string row_of(const RawImage& image, int64_t y, const TiffForm& form) {
  std::string row;
  for (int64_t x = 0; x < image.width; ++x)
    for (int64_t c = 0; c < image.channels; ++c)
      row += std::string(form.bits == 16 ? 2 : 1, static_cast<char>(stored(image, x, y, c, form)));
  return row;
}

void write_tiles(TIFF* tiff, const RawImage& image) {
  constexpr int64_t side = 16;
  for (int64_t top = 0; top < image.height; top += side)
    for (int64_t left = 0; left < image.width; left += side) {
      std::string tile;
      for (int64_t y = top; y < top + side; ++y)
        for (int64_t x = left; x < left + side; ++x)
          for (int64_t c = 0; c < image.channels; ++c)
            tile += static_cast<char>(x < image.width && y < image.height ? image.at(x, y, c) : 0);
      invariant(
          TIFFWriteTile(tiff, tile.data(), static_cast<uint32_t>(left), static_cast<uint32_t>(top), 0, 0) > 0,
          "a tile was not written");
    }
}

}  // namespace

std::string encode_webp(const RawImage& image) {
  uint8_t* bytes = nullptr;
  const auto width = static_cast<int>(image.width), height = static_cast<int>(image.height);
  const auto encode = image.channels == 4 ? WebPEncodeLosslessRGBA : WebPEncodeLosslessRGB;
  const size_t size =
      encode(image.pixels.data(), width, height, width * static_cast<int>(image.channels), &bytes);
  std::string file(reinterpret_cast<char*>(bytes), size);
  WebPFree(bytes);
  return file;
}

std::string encode_animation(const RawImage& image, int left, int top, int width, int height) {
  const std::string still = encode_webp(image), frame = still.substr(12);
  const auto extent = [](int64_t pixels) { return little(static_cast<uint32_t>(pixels - 1), 3); };
  const std::string header =
      "VP8X" + little(10, 4) + std::string("\x02\0\0\0", 4) + extent(width) + extent(height);
  const std::string loop = "ANIM" + little(6, 4) + std::string(6, '\0');
  const std::string place = little(static_cast<uint32_t>(left / 2), 3) +
                            little(static_cast<uint32_t>(top / 2), 3) + extent(image.width) +
                            extent(image.height) + little(100, 3) + std::string(1, '\0');
  const std::string moving =
      "ANMF" + little(static_cast<uint32_t>(place.size() + frame.size()), 4) + place + frame;
  const std::string body = "WEBP" + header + loop + moving;
  return "RIFF" + little(static_cast<uint32_t>(body.size()), 4) + body;
}

std::string encode_tiff(const RawImage& image, const TiffForm& form) {
  Memory memory;
  TIFF* const tiff = TIFFClientOpen("image", "wm", &memory, Memory::read, Memory::write, Memory::seek,
                                    Memory::close, Memory::size, nullptr, nullptr);
  const bool alpha = image.channels == 2 || (image.channels == 4 && !form.inks);
  TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, static_cast<uint32_t>(image.width));
  TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, static_cast<uint32_t>(image.height));
  TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, static_cast<int>(image.channels));
  TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, form.bits);
  TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
  TIFFSetField(tiff, TIFFTAG_COMPRESSION, form.compression);
  TIFFSetField(tiff, TIFFTAG_ORIENTATION, form.orientation);
  TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC,
               image.channels <= 2 ? PHOTOMETRIC_MINISBLACK
               : form.inks         ? PHOTOMETRIC_SEPARATED
                                   : PHOTOMETRIC_RGB);
  if (alpha) {
    const uint16_t kind = form.premultiplied ? EXTRASAMPLE_ASSOCALPHA : EXTRASAMPLE_UNASSALPHA;
    TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, 1, &kind);
  }
  if (form.tiled) {
    TIFFSetField(tiff, TIFFTAG_TILEWIDTH, 16);
    TIFFSetField(tiff, TIFFTAG_TILELENGTH, 16);
    write_tiles(tiff, image);
  } else {
    TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, 7);
    for (int64_t y = 0; y < image.height; ++y) {
      std::string row = row_of(image, y, form);
      TIFFWriteScanline(tiff, row.data(), static_cast<uint32_t>(y), 0);
    }
  }
  TIFFClose(tiff);
  return memory.bytes;
}

std::string encode_pnm(const RawImage& image, int largest) {
  std::string file = fmt::format("P{}\n# made by a test\n{} {}\n{}\n", image.channels == 1 ? 5 : 6,
                                 image.width, image.height, largest);
  for (const uint8_t value : image.pixels) {
    const int scaled = (value * largest + 127) / 255;
    if (largest > 255) file += static_cast<char>(scaled >> 8);
    file += static_cast<char>(scaled);
  }
  return file;
}

std::string encode_plain_pnm(const RawImage& image, int largest) {
  std::string file =
      fmt::format("P{} {} {} {}\n", image.channels == 1 ? 2 : 3, image.width, image.height, largest);
  for (const uint8_t value : image.pixels) file += fmt::format("{} ", (value * largest + 127) / 255);
  return file;
}

std::string encode_bmp(const RawImage& image, const BmpForm& form) {
  std::string palette, rows;
  if (form.bits == 8)
    for (int v = 0; v < 256; ++v) palette += std::string(3, static_cast<char>(v)) + std::string(1, '\0');
  for (int64_t i = 0; i < image.height; ++i) {
    const int64_t y = form.from_above ? i : image.height - 1 - i;
    std::string row;
    for (int64_t x = 0; x < image.width; ++x) {
      const auto value = [&](int64_t c) {
        return static_cast<uint32_t>(image.at(x, y, image.channels == 1 ? 0 : c));
      };
      if (form.runs) row += '\1';
      if (form.bits == 8)
        row += static_cast<char>(value(0));
      else if (form.bits == 16)
        row += little((value(0) >> 3) << 10 | (value(1) >> 3) << 5 | value(2) >> 3, 2);
      else
        row += little(value(0) << 16 | value(1) << 8 | value(2), form.bits / 8);
    }
    if (form.runs)
      row += std::string(2, '\0');  // end of line
    else
      row.resize((row.size() + 3) / 4 * 4);
    rows += row;
  }
  if (form.runs) rows += std::string("\0\1", 2);
  const auto offset = static_cast<uint32_t>(54 + palette.size());
  const auto height = static_cast<int32_t>(form.from_above ? -image.height : image.height);
  return "BM" + little(static_cast<uint32_t>(offset + rows.size()), 4) + little(0, 4) + little(offset, 4) +
         little(40, 4) + little(static_cast<uint32_t>(image.width), 4) +
         little(static_cast<uint32_t>(height), 4) + little(1, 2) +
         little(static_cast<uint32_t>(form.bits), 2) + little(form.runs ? 1 : 0, 4) + std::string(20, '\0') +
         palette + rows;
}

std::string exif_with_orientation(int orientation) {
  return "II*" + std::string(1, '\0') + little(8, 4) + little(1, 2) + little(0x0112, 2) + little(3, 2) +
         little(1, 4) + little(static_cast<uint32_t>(orientation), 4) + little(0, 4);
}

std::string with_exif(const std::string& jpeg, const std::string& exif) {
  const std::string data = std::string("Exif\0\0", 6) + exif;
  const size_t length = data.size() + 2;
  return jpeg.substr(0, 2) + "\xFF\xE1" + static_cast<char>(length >> 8) + static_cast<char>(length) + data +
         jpeg.substr(2);
}

}  // namespace muster::test
