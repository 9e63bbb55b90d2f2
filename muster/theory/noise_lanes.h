#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace muster::kernel {

/// Number of replicas in a block; they are simulated in parallel, one per lane.
inline constexpr int lanes = 64;

/// Random words by counter, so that the word of any (worker, step) of any block is drawn without the others:
/// splitmix64 (Steele, Lea, Flood 2014) started at `key` and advanced by `counter`. A key comes from a
/// RandomStream of (seed, block).
[[gnu::always_inline]] inline uint64_t random_word(uint64_t key, uint64_t counter) {
  uint64_t x = key + (counter + 1) * 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}

/// `value` with the sign of bit `lane` of `word`: one word serves the 64 lanes of a step.
[[gnu::always_inline]] inline double with_sign(double value, uint64_t word, int lane) {
  const uint64_t sign = (word << (63 - lane)) & 0x8000000000000000ULL;
  return std::bit_cast<double>(std::bit_cast<uint64_t>(value) ^ sign);
}

/// ln(x), x in [2^-31, 1], to a few units in the last place of a float: exponent and a polynomial of the
/// mantissa (Cephes logf). Additions and multiplications only, so the same bits on every processor.
[[gnu::always_inline]] inline float log_of_unit(float x) {
  const auto bits = std::bit_cast<int32_t>(x);
  const int32_t shifted = bits - 0x3F3504F3;  // mantissa from sqrt(1/2) to sqrt(2)
  const auto exponent = static_cast<float>(shifted >> 23);
  const float m = std::bit_cast<float>((shifted & 0x007FFFFF) + 0x3F3504F3) - 1.0F;
  float p = 7.0376836292E-2F;
  p = p * m - 1.1514610310E-1F;
  p = p * m + 1.1676998740E-1F;
  p = p * m - 1.2420140846E-1F;
  p = p * m + 1.4249322787E-1F;
  p = p * m - 1.6668057665E-1F;
  p = p * m + 2.0000714765E-1F;
  p = p * m - 2.4999993993E-1F;
  p = p * m + 3.3333331174E-1F;
  const float square = m * m;
  return exponent * 0.693147180559945F + (m + (p * m * square - 0.5F * square));
}

/// Two independent standard normals for each lane, one word each (Box and Muller 1958): 31 bits make the
/// radius (up to 6.6), 30 the angle within an eighth of the circle to either side of its axis, 3 the eighth.
[[gnu::always_inline]] inline void fill_normals(uint64_t key, uint64_t counter, float* __restrict first,
                                                float* __restrict second) {
  int32_t radius_bits[lanes], angle_bits[lanes];
  for (int lane = 0; lane < lanes; ++lane) {
    const uint64_t word = random_word(key, counter * lanes + static_cast<uint64_t>(lane));
    radius_bits[lane] = static_cast<int32_t>(word >> 33);
    angle_bits[lane] = static_cast<int32_t>(static_cast<uint32_t>(word));
  }
  for (int lane = 0; lane < lanes; ++lane) {
    const float unit = (static_cast<float>(radius_bits[lane]) + 0.5F) * 0x1p-31F;
    const float radius = std::sqrt(-2.0F * log_of_unit(unit));
    const int32_t bits = angle_bits[lane];
    // In [-pi/4, pi/4); the three lowest bits choose axis and signs.
    const float angle = static_cast<float>(bits >> 3) * (0.785398163397448F * 0x1p-28F);
    const float z = angle * angle;
    const float sine =
        angle + angle * z * ((-1.9515295891E-4F * z + 8.3321608736E-3F) * z - 1.6666654611E-1F);
    const float cosine =
        1.0F - 0.5F * z +
        z * z * ((2.443315711809948E-5F * z - 1.388731625493765E-3F) * z + 4.166664568298827E-2F);
    const bool swap = (bits & 1) != 0;
    const float a = radius * (swap ? sine : cosine), b = radius * (swap ? cosine : sine);
    first[lane] = std::bit_cast<float>(std::bit_cast<int32_t>(a) ^ ((bits << 30) & INT32_MIN));
    second[lane] = std::bit_cast<float>(std::bit_cast<int32_t>(b) ^ ((bits << 29) & INT32_MIN));
  }
}

}  // namespace muster::kernel
