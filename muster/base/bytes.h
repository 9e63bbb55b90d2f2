#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

namespace muster::inline base {

/// Writes what ByteReader reads: integers and doubles in little-endian byte order; a text after its length, a
/// number of eight bytes.
class ByteWriter {
 public:
  ByteWriter& byte(uint8_t value) { return put(value, 1); }
  ByteWriter& u32(uint32_t value) { return put(value, 4); }
  ByteWriter& u64(uint64_t value) { return put(value, 8); }
  ByteWriter& i64(int64_t value) { return put(static_cast<uint64_t>(value), 8); }
  ByteWriter& real(double value) { return put(std::bit_cast<uint64_t>(value), 8); }
  ByteWriter& text(std::string_view value) {
    u64(value.size());
    bytes_.append(value);
    return *this;
  }
  /// Appends the bytes without a length.
  ByteWriter& raw(std::string_view value) {
    bytes_.append(value);
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  ByteWriter& put(uint64_t value, int count) {
    for (int i = 0; i < count; ++i) bytes_.push_back(static_cast<char>(value >> (8 * i)));
    return *this;
  }

  std::string bytes_;
};

/// Reads what ByteWriter wrote, without copying it: the bytes must outlive the reader and the texts that it
/// returns. Throws DataError where the bytes end too early.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  uint8_t byte() { return static_cast<uint8_t>(get(1)); }
  uint32_t u32() { return static_cast<uint32_t>(get(4)); }
  uint64_t u64() { return get(8); }
  int64_t i64() { return static_cast<int64_t>(get(8)); }
  double real() { return std::bit_cast<double>(get(8)); }
  std::string_view text() { return take(u64()); }
  std::string_view take(uint64_t count);
  /// All that has not been read yet.
  std::string_view rest() const { return bytes_; }
  /// Throws DataError where something is left.
  void finish() const;

 private:
  uint64_t get(int count);

  std::string_view bytes_;
};

}  // namespace muster::inline base
