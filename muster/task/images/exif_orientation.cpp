#include "muster/task/images/exif_orientation.h"

#include <cstdint>

namespace muster::inline task {

namespace {

using namespace std::string_view_literals;

constexpr int upright = 1;

class Reader {
 public:
  Reader(std::string_view bytes, bool little) : bytes_(bytes), little_(little) {}
  bool holds(size_t at, size_t count) const { return at <= bytes_.size() && count <= bytes_.size() - at; }
  /// REQUIRES: the bytes exist.
  uint32_t number(size_t at, size_t width) const {
    uint32_t value = 0;
    for (size_t i = 0; i < width; ++i)
      value = value << 8 | static_cast<unsigned char>(bytes_[little_ ? at + width - 1 - i : at + i]);
    return value;
  }

 private:
  std::string_view bytes_;
  bool little_;
};

}  // namespace

int exif_orientation(std::string_view exif) {
  if (exif.starts_with("Exif\0\0"sv)) exif.remove_prefix(6);
  const bool little = exif.starts_with("II*\0"sv);
  if (!little && !exif.starts_with("MM\0*"sv)) return upright;
  const Reader reader(exif, little);
  if (!reader.holds(4, 4)) return upright;
  const size_t directory = reader.number(4, 4);
  if (!reader.holds(directory, 2)) return upright;
  const size_t entries = reader.number(directory, 2);
  for (size_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + 12 * i;
    if (!reader.holds(entry, 12)) return upright;
    if (reader.number(entry, 2) != 0x0112) continue;
    const uint32_t value = reader.number(entry + 8, 2);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : upright;
  }
  return upright;
}

}  // namespace muster::inline task
