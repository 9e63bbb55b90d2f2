#include "muster/base/crc32c.h"

#include <array>
#include <cstring>

namespace muster::inline base {

namespace {

constexpr std::array<uint32_t, 256> make_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t remainder = byte;
    for (int bit = 0; bit < 8; ++bit) remainder = (remainder >> 1) ^ ((remainder & 1) ? 0x82F63B78U : 0U);
    table[byte] = remainder;
  }
  return table;
}

constexpr std::array<uint32_t, 256> table = make_table();

uint32_t by_table(std::string_view bytes, uint32_t remainder) {
  for (const char byte : bytes)
    remainder = table[(remainder ^ static_cast<uint8_t>(byte)) & 0xFF] ^ (remainder >> 8);
  return remainder;
}

#if defined(__x86_64__)
// The processor's own instruction: eight bytes at a time, some 20 times as fast as the table.
[[gnu::target("sse4.2")]] uint32_t by_instruction(std::string_view bytes, uint32_t remainder) {
  uint64_t wide = remainder;
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    uint64_t eight;
    std::memcpy(&eight, bytes.data(), sizeof eight);
    wide = __builtin_ia32_crc32di(wide, eight);
  }
  return by_table(bytes, static_cast<uint32_t>(wide));
}
#endif

uint32_t remainder_of(std::string_view bytes, uint32_t remainder) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2") != 0) return by_instruction(bytes, remainder);
#endif
  return by_table(bytes, remainder);
}

}  // namespace

uint32_t crc32c(std::string_view bytes, uint32_t so_far) { return ~remainder_of(bytes, ~so_far); }

uint32_t masked_crc32c(std::string_view bytes) {
  const uint32_t checksum = crc32c(bytes);
  return ((checksum >> 15) | (checksum << 17)) + 0xA282EAD8U;
}

}  // namespace muster::inline base
