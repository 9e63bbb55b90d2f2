#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <vector>

#include "muster/theory/noise_lanes.h"
#include "muster/theory/slow_sde/diagonal_net_kernel.h"
#include "muster/theory/slow_sde/hyperbola_kernel.h"
#include "muster/theory/slow_sde/valley_kernel.h"

namespace muster {
namespace {

using kernel::lanes;

// FNV-1a over the bits of the numbers.
uint64_t bits_of(const std::vector<double>& values) {
  uint64_t hash = 1469598103934665603ULL;
  for (const double value : values) hash = (hash ^ std::bit_cast<uint64_t>(value)) * 1099511628211ULL;
  return hash;
}

// The values come from builds for plain x86-64, AVX2 and AVX-512 alike.
TEST(SlowSdeKernels, HaveTheSameBitsOnEveryProcessor) {
  const int64_t workers = 3;
  const size_t size = static_cast<size_t>(workers) * lanes;
  const std::vector<double> rates(500, 0.03);
  std::vector<double> u(size, 2.1), v(size, 0.47);
  kernel::hyperbola_steps({u.data(), v.data(), workers}, 0, rates.data(), 500, 0.4, 7);
  kernel::hyperbola_meeting({u.data(), v.data(), workers});
  EXPECT_EQ(bits_of(u), 0x69505bb238e0d5d2ULL);
  EXPECT_EQ(bits_of(v), 0x59aea030725ef0b9ULL);
  for (const bool with_curvature : {false, true}) {
    std::vector<double> x(size, 0), y(size, 0.47);
    kernel::valley_steps({x.data(), y.data(), workers}, 0, rates.data(), 500, {1, 1, with_curvature}, 7);
    kernel::valley_meeting({x.data(), y.data(), workers});
    EXPECT_EQ(bits_of(x), with_curvature ? 0xf4d5341ba22f9e5cULL : 0x2363b20bd9e078aULL);
    EXPECT_EQ(bits_of(y), with_curvature ? 0x9bae7992195660eeULL : 0x25b07e73e47cc4f0ULL);
  }
  const std::vector<double> rows = {0.1, 0.5, -0.3, 0.7, 0.2, 0.9}, labels = {0.1, 0.2};
  std::vector<double> a(3 * size, 0.9), b(3 * size, 0.47), scratch(3 * lanes);
  const kernel::DiagonalNetState state{a.data(), b.data(), scratch.data(), workers};
  kernel::diagonal_net_steps(state, {rows.data(), labels.data(), 2, 3, 0.4}, 0, rates.data(), 500, 7);
  kernel::diagonal_net_meeting(state, 3);
  EXPECT_EQ(bits_of(a), 0x7be8813158e94bebULL);
  EXPECT_EQ(bits_of(b), 0xc17482216434d8f7ULL);
}

TEST(SlowSdeKernels, StepsMayBeTakenInAnyPortions) {
  const std::vector<double> rates(100, 0.03);
  std::vector<double> u(2 * lanes, 2.1), v(2 * lanes, 0.47), s = u, t = v;
  kernel::hyperbola_steps({u.data(), v.data(), 2}, 0, rates.data(), 100, 0.4, 7);
  kernel::hyperbola_steps({s.data(), t.data(), 2}, 0, rates.data(), 37, 0.4, 7);
  kernel::hyperbola_steps({s.data(), t.data(), 2}, 37, rates.data(), 63, 0.4, 7);
  EXPECT_EQ(u, s);
  EXPECT_EQ(v, t);
}

}  // namespace
}  // namespace muster
