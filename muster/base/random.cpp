#include "muster/base/random.h"

#include <cmath>
#include <numbers>

namespace muster::inline base {

namespace {

/// Finaliser of splitmix64 (Steele, Lea, Flood 2014): spreads every bit of the input over the output.
uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

}  // namespace

std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53} * counter[0];
    const uint64_t p1 = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(p1 >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(p1),
               static_cast<uint32_t>(p0 >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(p0)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

// The key of the cipher is a hash of (seed, purpose, a, b); 96 bits of it and of (a, b) start the counter, so
// two keys share a stream only if a 160-bit hash collides.
RandomStream::RandomStream(const RandomKey& key, uint32_t first_block) {
  constexpr uint64_t golden = 0x9E3779B97F4A7C15ULL;
  const uint64_t h0 = mix(mix(key.seed + golden) + golden * static_cast<uint64_t>(key.purpose));
  const uint64_t h1 = mix(mix(h0 ^ mix(key.a + golden)) ^ (key.b * golden + 1));
  const uint64_t h2 = mix(h1 + golden * (key.b + 3) + mix(key.a));
  key_ = {static_cast<uint32_t>(h1), static_cast<uint32_t>(h1 >> 32)};
  counter_ = {first_block, static_cast<uint32_t>(h2), static_cast<uint32_t>(h2 >> 32),
              static_cast<uint32_t>(h0)};
}

void RandomStream::refill() {
  block_ = philox4x32(counter_, key_);
  ++counter_[0];
  used_ = 0;
}

uint32_t RandomStream::next_u32() {
  if (used_ == 4) refill();
  return block_[static_cast<size_t>(used_++)];
}

double RandomStream::uniform() { return static_cast<double>(next_u64() >> 11) * 0x1.0p-53; }

double RandomStream::normal() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_;
  }
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  const double angle = 2.0 * std::numbers::pi * uniform();
  spare_ = radius * std::sin(angle);
  has_spare_ = true;
  return radius * std::cos(angle);
}

uint64_t RandomStream::below(uint64_t bound) {
  const uint64_t limit = -bound % bound;  // 2^64 mod bound: values below it would be drawn once too often
  uint64_t value = next_u64();
  while (value < limit) value = next_u64();
  return value % bound;
}

}  // namespace muster::inline base
