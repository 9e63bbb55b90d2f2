#include "muster/base/content_kind.h"

#include <array>
#include <cstdint>

namespace muster::inline base {

namespace {

using namespace std::string_view_literals;

struct Mark {
  std::string_view bytes;
  size_t at;
  std::string_view told;
};

constexpr std::array marks = {
    Mark{"\x1f\x8b"sv, 0, "is a gzip file: unpack it first (gunzip)"},
    Mark{"\xfd"
         "7zXZ\0"sv,
         0, "is an xz file: unpack it first (unxz)"},
    Mark{"BZh"sv, 0, "is a bzip2 file: unpack it first (bunzip2)"},
    Mark{"\x28\xb5\x2f\xfd"sv, 0, "is a Zstandard file: unpack it first (unzstd)"},
    Mark{"\x04\x22\x4d\x18"sv, 0, "is an LZ4 file: unpack it first (unlz4)"},
    Mark{"7z\xbc\xaf\x27\x1c"sv, 0, "is a 7z archive: unpack it first"},
    Mark{"PK\x03\x04"sv, 0, "is a zip archive, as PyTorch's .pt and .bin files are"},
    Mark{"PK\x05\x06"sv, 0, "is an empty zip archive"},
    Mark{"ustar"sv, 257, "is a tar archive: unpack it first (tar -xf)"},
    Mark{"\x89PNG\r\n"sv, 0, "is a PNG image"},
    Mark{"\xff\xd8\xff"sv, 0, "is a JPEG image"},
    Mark{"GIF8"sv, 0, "is a GIF image"},
    Mark{"%PDF-"sv, 0, "is a PDF file"},
    Mark{"\x7f"
         "ELF"sv,
         0, "is a program"},
    Mark{"\x89HDF\r\n"sv, 0, "is an HDF5 file"},
    Mark{"\x93NUMPY"sv, 0, "is a NumPy array"},
    Mark{"PAR1"sv, 0, "is a Parquet file"},
    Mark{"SQLite format 3\0"sv, 0, "is an SQLite database"},
    Mark{"{\""sv, 8, "is a safetensors file"},
    Mark{"\x80\x02"sv, 0, "is a Python pickle"},
    Mark{"\x80\x03"sv, 0, "is a Python pickle"},
    Mark{"\x80\x04"sv, 0, "is a Python pickle"},
    Mark{"\x80\x05"sv, 0, "is a Python pickle"},
    Mark{"\xff\xfe\0\0"sv, 0, "is text in UTF-32: convert it to UTF-8 (iconv -f UTF-32 -t UTF-8)"},
    Mark{"\0\0\xfe\xff"sv, 0, "is text in UTF-32: convert it to UTF-8 (iconv -f UTF-32 -t UTF-8)"},
    Mark{"\xff\xfe"sv, 0, "is text in UTF-16: convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)"},
    Mark{"\xfe\xff"sv, 0, "is text in UTF-16: convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)"},
};

// Text of Latin letters in UTF-16 has a zero in every second byte.
bool looks_like_utf16(std::string_view content) {
  const std::string_view start = content.substr(0, 512);
  std::array<size_t, 2> zeros{};
  for (size_t i = 0; i < start.size(); ++i) zeros[i % 2] += start[i] == '\0' ? 1 : 0;
  const size_t pairs = start.size() / 2;
  return pairs >= 2 &&
         ((zeros[0] == 0 && 10 * zeros[1] >= 9 * pairs) || (zeros[1] == 0 && 10 * zeros[0] >= 9 * pairs));
}

size_t length_of_character(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return 2;
  if (first >= 0xe0 && first <= 0xef) return 3;
  if (first >= 0xf0 && first <= 0xf4) return 4;
  return 0;
}

/// 0 where no valid character begins.
size_t character_at(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const size_t length = length_of_character(byte(0));
  if (length == 0 || length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i)
    if (byte(i) < 0x80 || byte(i) > 0xbf) return 0;
  if (length == 3 && byte(0) == 0xe0 && byte(1) < 0xa0) return 0;  // longer than needed
  if (length == 3 && byte(0) == 0xed && byte(1) > 0x9f) return 0;  // a surrogate
  if (length == 4 && byte(0) == 0xf0 && byte(1) < 0x90) return 0;
  if (length == 4 && byte(0) == 0xf4 && byte(1) > 0x8f) return 0;  // beyond U+10FFFF
  return length;
}

}  // namespace

std::optional<std::string> kind_by_mark(std::string_view content) {
  for (const Mark& mark : marks)
    if (content.size() >= mark.at + mark.bytes.size() &&
        content.substr(mark.at, mark.bytes.size()) == mark.bytes)
      return std::string(mark.told);
  if (looks_like_utf16(content))
    return "is text in UTF-16: convert it to UTF-8 (iconv -f UTF-16LE -t UTF-8, or UTF-16BE)";
  return std::nullopt;
}

std::optional<std::string> not_a_text(std::string_view content) {
  // A text may hold {" after its first eight letters; a safetensors file begins with a small 64-bit number,
  // which has zero bytes.
  auto kind = kind_by_mark(content);
  const bool zeros = content.find('\0') != std::string_view::npos;
  if (kind && (zeros || !kind->starts_with("is a safetensors"))) return kind;
  if (zeros) return "is a binary file, not a text";
  const size_t valid = valid_utf8(content);
  if (valid == content.size()) return std::nullopt;
  size_t line = 1;
  for (const char c : content.substr(0, valid)) line += c == '\n' ? 1 : 0;
  return "is no text in UTF-8 (line " + std::to_string(line) +
         "): convert it, as by iconv -f ISO-8859-1 -t UTF-8";
}

std::string_view without_byte_order_mark(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  return text;
}

size_t valid_utf8(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const size_t length = character_at(text.substr(at));
    if (length == 0) break;
    at += length;
  }
  return at;
}

}  // namespace muster::inline base
