#include "muster/base/mistaken_form.h"

#include <fmt/format.h>

#include "muster/base/error.h"

namespace muster::inline base {

namespace {

using namespace std::string_view_literals;

struct Magic {
  std::string_view bytes;
  const char* what;
  const char* cure;
};

constexpr Magic packed_forms[] = {
    {"\xFD"
     "7zXZ\0"sv,
     "compressed by xz", "unpack it with unxz"},
    {"\x28\xB5\x2F\xFD"sv, "compressed by zstd", "unpack it with unzstd"},
    {"PK\3\4"sv, "a zip archive", "unpack it with unzip"},
    {"7z\xBC\xAF\x27\x1C"sv, "a 7z archive", "unpack it with 7z x"},
    {"\x93NUMPY"sv, "a NumPy file with a header",
     "write the numbers alone: numpy.load(FILE).astype('uint16').tofile(NEW)"},
    {"\x89HDF\r\n\x1A\n"sv, "an HDF5 file", "write what it holds to a plain file"},
    {"PAR1"sv, "a Parquet file", "write what it holds to a plain file"},
    {"%PDF-"sv, "a PDF document", "extract its text, for instance with pdftotext"},
};

// A file of numbers may begin with the first two bytes by chance: the whole header is looked at.
bool is_gzip(std::string_view first) {
  if (first.size() < 10 || !first.starts_with("\x1F\x8B\x08"sv)) return false;
  const auto flags = static_cast<unsigned char>(first[3]), extra = static_cast<unsigned char>(first[8]);
  const auto system = static_cast<unsigned char>(first[9]);
  return (flags & 0xE0) == 0 && (extra == 0 || extra == 2 || extra == 4) && (system <= 13 || system == 255);
}

bool is_bzip2(std::string_view first) {
  return first.size() >= 10 && first.starts_with("BZh"sv) && first[3] >= '1' && first[3] <= '9' &&
         (first.substr(4, 6) == "1AY&SY"sv || first.substr(4, 6) == "\x17\x72\x45\x38\x50\x90"sv);
}

bool is_tar(std::string_view first) { return first.size() >= 265 && first.substr(257, 5) == "ustar"sv; }

bool is_plain_ascii(char byte) {
  return (byte >= ' ' && byte <= '~') || byte == '\n' || byte == '\r' || byte == '\t';
}

// Only ASCII letters, each with `zeros` zero bytes beside it.
bool is_wide_ascii(std::string_view first, size_t width, size_t place) {
  constexpr size_t least = 32;
  const size_t units = first.size() / width;
  if (units < least) return false;
  for (size_t i = 0; i < units * width; ++i)
    if (i % width == place ? !is_plain_ascii(first[i]) : first[i] != '\0') return false;
  return true;
}

std::string convert(const char* encoding) {
  return fmt::format("is {} text; convert it: iconv -f {} -t UTF-8 FILE > NEW", encoding, encoding);
}

}  // namespace

std::optional<std::string> packed_form(std::string_view first) {
  const auto told = [](const char* what, const char* cure) { return fmt::format("is {}; {}", what, cure); };
  if (is_gzip(first)) return told("compressed by gzip", "unpack it with gunzip (a .tar.gz with tar xzf)");
  if (is_bzip2(first)) return told("compressed by bzip2", "unpack it with bunzip2");
  if (is_tar(first)) return told("a tar archive", "unpack it with tar xf");
  for (const Magic& form : packed_forms)
    if (first.starts_with(form.bytes)) return told(form.what, form.cure);
  return std::nullopt;
}

std::optional<std::string> wide_text_form(std::string_view first) {
  if (first.starts_with("\xFF\xFE\0\0"sv) || first.starts_with("\0\0\xFE\xFF"sv)) return convert("UTF-32");
  if (first.starts_with("\xFF\xFE"sv) || first.starts_with("\xFE\xFF"sv)) return convert("UTF-16");
  if (is_wide_ascii(first, 2, 0)) return convert("UTF-16LE");
  if (is_wide_ascii(first, 2, 1)) return convert("UTF-16BE");
  if (is_wide_ascii(first, 4, 0)) return convert("UTF-32LE");
  return std::nullopt;
}

void refuse_packed(const std::string& path, std::string_view first) {
  if (const auto form = packed_form(first)) throw DataError(fmt::format("'{}' {}", path, *form));
}

void refuse_packed_or_wide(const std::string& path, std::string_view first) {
  refuse_packed(path, first);
  if (const auto form = wide_text_form(first)) throw DataError(fmt::format("'{}' {}", path, *form));
}

}  // namespace muster::inline base
