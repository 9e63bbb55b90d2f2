#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace muster::kernel {

namespace exponential_detail {

constexpr int pieces = 256;

// 2^(j / 256) as a double, from its series in extended precision.
constexpr double root_of_two(int j) {
  const long double x = 0.693147180559945309417232121458176568L * j / pieces;
  long double term = 1, sum = 1;
  for (int n = 1; n < 30; ++n) {
    term *= x / n;
    sum += term;
  }
  return static_cast<double>(sum);
}

constexpr std::array<double, pieces> roots_of_two() {
  std::array<double, pieces> roots{};
  for (int j = 0; j < pieces; ++j) roots[static_cast<size_t>(j)] = root_of_two(j);
  return roots;
}

inline constexpr std::array<double, pieces> roots = roots_of_two();

}  // namespace exponential_detail

/// The factor 256 / ln 2 that turns an exponent of e into the argument of split_power.
inline constexpr double split_units = 369.3299304675746271;
/// split_power is valid for |z| below it; there its value is 2^1000.
inline constexpr double split_limit = 256000;

struct SplitPower {
  double power;  ///< 2^(j / 256), j whole
  double rest;   ///< small
};

/// 2^(z / 256) = power (1 + rest), each part within an ulp or so: a table for the whole part of z, a
/// polynomial for the rest, which is exact (after Tang, "Table-driven implementation of the exponential
/// function", 1989). `power` is ready before `rest`, for loops whose latency matters. REQUIRES: |z| <
/// split_limit.
[[gnu::always_inline]] inline SplitPower split_power(double z) {
  using namespace exponential_detail;
  constexpr double rounder = 6755399441055744.0;  // 1.5 x 2^52: leaves the nearest integer in the low bits
  constexpr double unit = 1 / split_units;
  constexpr double c1 = unit, c2 = unit * unit / 2, c3 = unit * unit * unit / 6,
                   c4 = unit * unit * unit * unit / 24;
  const double shifted = z + rounder;
  const double r = z - (shifted - rounder), r2 = r * r;
  const double rest = r * c1 + r2 * ((c2 + r * c3) + r2 * c4);
  const auto bits = std::bit_cast<uint64_t>(shifted);
  const double root = roots[bits & (pieces - 1)];
  const uint64_t exponent = (bits << 44) & 0xFFF0000000000000ULL;  // j / 256 into its place
  return {std::bit_cast<double>(std::bit_cast<uint64_t>(root) + exponent), rest};
}

/// e^x with a relative error of at most (2 + |x|) 2^-52, about what the rounding of x itself causes.
/// REQUIRES: |x| < 690.
[[gnu::always_inline]] inline double exponential(double x) {
  const SplitPower split = split_power(x * split_units);
  return split.power + split.power * split.rest;
}

}  // namespace muster::kernel
