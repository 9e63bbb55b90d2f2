#pragma once

#include <cstdint>

namespace muster::inline theory {

/// The index of a drawn sample as a function of the seed and a counter, so that any program can repeat a run.
/// The generator is splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA
/// 2014), started from a mixed seed:
///
///     draw(seed, c) = floor(high half of mix(mix(seed g) + (c + 1) g) x samples / 2^32)
///
/// Sample j of worker k in step t has the counter (t K + k) b + j. REQUIRES: 1 <= samples < 2^32.
class Draws {
 public:
  Draws(uint64_t seed, int64_t samples)
      : start_(mixed(seed * golden)), samples_(static_cast<uint64_t>(samples)) {}

  uint32_t operator()(uint64_t counter) const {
    return static_cast<uint32_t>(((mixed(start_ + (counter + 1) * golden) >> 32) * samples_) >> 32);
  }

 private:
  static constexpr uint64_t golden = 0x9E3779B97F4A7C15ULL;

  static constexpr uint64_t mixed(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }

  uint64_t start_;
  uint64_t samples_;
};

}  // namespace muster::inline theory
