#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace muster::inline base {

/// FNV-1a with 64 bits (Fowler, Noll, Vo; offset basis and prime of draft-eastlake-fnv). For detecting
/// accidental differences, and for seeds; no protection against tampering.
class Fnv1a {
 public:
  void add(const void* bytes, size_t count) {
    const auto* at = static_cast<const unsigned char*>(bytes);
    for (size_t i = 0; i < count; ++i) mix(at[i]);
  }
  /// The eight bytes of the number, the lowest first.
  void add(uint64_t number) {
    for (int byte = 0; byte < 8; ++byte) mix((number >> (8 * byte)) & 0xff);
  }
  void add(int64_t number) { add(static_cast<uint64_t>(number)); }
  /// All eight bytes in one step: a variant of the algorithm.
  void add_word(uint64_t number) { mix(number); }
  uint64_t value() const { return value_; }

 private:
  void mix(uint64_t number) { value_ = (value_ ^ number) * 0x100000001B3ULL; }

  uint64_t value_ = 0xCBF29CE484222325ULL;
};

/// FNV-1a with 32 bits.
inline uint32_t fnv1a_32(std::string_view text) {
  uint32_t value = 0x811C9DC5U;
  for (const char letter : text) value = (value ^ static_cast<unsigned char>(letter)) * 0x01000193U;
  return value;
}

}  // namespace muster::inline base
