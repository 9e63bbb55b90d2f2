#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace muster::kernel {

/// e^x to 2 units in the last place, in a form that compilers turn into vector instructions: e^x = 2^n e^r
/// with n = round(x / ln 2), and a polynomial for e^r (Cephes, Moshier 1992). Arguments are held within
/// [-87, 88], so results are never infinite nor subnormal.
[[gnu::always_inline]] inline float exponential(float x) {
  constexpr float rounder = 12582912.0F;  // 1.5 x 2^23: adding it leaves the nearest integer in the low bits
  x = x < -87.0F ? -87.0F : x;
  x = x > 88.0F ? 88.0F : x;
  const float shifted = x * 1.44269504F + rounder;
  const float n = shifted - rounder;
  const float r = (x - n * 0.693359375F) + n * 2.12194440e-4F;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * (r * r) + r + 1.0F;
  const uint32_t power = (std::bit_cast<uint32_t>(shifted) + 127U) << 23;
  return p * std::bit_cast<float>(power);
}

[[gnu::always_inline]] inline double exponential(double x) { return std::exp(x); }

}  // namespace muster::kernel
