#include "muster/base/checksum.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace muster {

namespace {

constexpr uint64_t prime1 = 0x9E3779B185EBCA87ULL;
constexpr uint64_t prime2 = 0xC2B2AE3D27D4EB4FULL;
constexpr uint64_t prime3 = 0x165667B19E3779F9ULL;
constexpr uint64_t prime4 = 0x85EBCA77C2B2AE63ULL;
constexpr uint64_t prime5 = 0x27D4EB2F165667C5ULL;

static_assert(std::endian::native == std::endian::little, "files are little-endian");

template <class Integer>
Integer load(const unsigned char* data) {
  Integer value;
  std::memcpy(&value, data, sizeof value);
  return value;
}

uint64_t round_of(uint64_t lane, uint64_t input) { return std::rotl(lane + input * prime2, 31) * prime1; }

uint64_t merge(uint64_t hash, uint64_t lane) { return (hash ^ round_of(0, lane)) * prime1 + prime4; }

uint64_t finish(uint64_t hash, const unsigned char* data, size_t bytes) {
  for (; bytes >= 8; data += 8, bytes -= 8)
    hash = std::rotl(hash ^ round_of(0, load<uint64_t>(data)), 27) * prime1 + prime4;
  for (; bytes >= 4; data += 4, bytes -= 4)
    hash = std::rotl(hash ^ (load<uint32_t>(data) * prime1), 23) * prime2 + prime3;
  for (; bytes > 0; ++data, --bytes) hash = std::rotl(hash ^ (*data * prime5), 11) * prime1;
  hash = (hash ^ (hash >> 33)) * prime2;
  hash = (hash ^ (hash >> 29)) * prime3;
  return hash ^ (hash >> 32);
}

}  // namespace

void Checksum::stripe(const unsigned char* data) {
  for (size_t lane = 0; lane < 4; ++lane)
    lanes_[lane] = round_of(lanes_[lane], load<uint64_t>(data + 8 * lane));
}

void Checksum::add(const void* data, size_t bytes) {
  if (bytes == 0) return;
  const auto* from = static_cast<const unsigned char*>(data);
  const size_t held = total_ % 32;
  total_ += bytes;
  if (held > 0) {
    const size_t take = std::min(bytes, 32 - held);
    std::memcpy(waiting_.data() + held, from, take);
    if (held + take < 32) return;
    stripe(waiting_.data());
    from += take;
    bytes -= take;
  }
  for (; bytes >= 32; from += 32, bytes -= 32) stripe(from);
  if (bytes > 0) std::memcpy(waiting_.data(), from, bytes);
}

uint64_t Checksum::value() const {
  uint64_t hash = prime5;
  if (total_ >= 32) {
    hash = std::rotl(lanes_[0], 1) + std::rotl(lanes_[1], 7) + std::rotl(lanes_[2], 12) +
           std::rotl(lanes_[3], 18);
    for (const uint64_t lane : lanes_) hash = merge(hash, lane);
  }
  return finish(hash + total_, waiting_.data(), total_ % 32);
}

}  // namespace muster
