#include <gtest/gtest.h>

#include <cmath>

#include "muster/base/error.h"
#include "muster/theory/slow_sde/slow_sde_factors.h"

namespace muster {
namespace {

TEST(SlowSdeFactors, PsiIsTheMeanOfOneMinusTheDecay) {
  EXPECT_EQ(psi(0), 0);
  EXPECT_NEAR(psi(1e-8) / 0.5e-8, 1, 1e-8);
  EXPECT_NEAR(psi(1), std::exp(-1), 1e-15);
  EXPECT_NEAR(psi(1e6), 1 - 1e-6, 1e-12);
  // Both branches meet.
  EXPECT_NEAR(psi(0.5 - 1e-12), psi(0.5), 1e-12);
  // The midpoint rule over [0, x] of 1 - e^-t.
  for (const double x : {0.03, 0.3, 3.0, 30.0}) {
    double sum = 0;
    const int n = 20'000;
    for (int i = 0; i < n; ++i) sum += -std::expm1(-x * (i + 0.5) / n) / n;
    EXPECT_NEAR(psi(x), sum, 1e-7) << x;
  }
  EXPECT_THROW(psi(-1), Bug);
}

TEST(SlowSdeFactors, DiscretePsiCountsSteps) {
  for (const double q : {-0.5, 0.0, 0.3, 0.9, 0.9999}) {
    EXPECT_EQ(psi_discrete(q, 1), 0) << q;
    for (const int period : {2, 3, 17, 400}) {
      double sum = 0;
      for (int h = 0; h < period; ++h) sum += (1 - std::pow(q, h)) / period;
      EXPECT_NEAR(psi_discrete(q, period), sum, 1e-11) << q << " " << period;
    }
  }
  // Small steps: the continuous one, here with a eta H = 2.
  EXPECT_NEAR(psi_discrete(1 - 1e-6, 2'000'000), psi(2), 1e-5);
  EXPECT_THROW(psi_discrete(1, 2), Bug);
}

TEST(SlowSdeFactors, TheIntegralHasPsiForItsSlope) {
  EXPECT_EQ(psi_integral(0), 0);
  EXPECT_NEAR(psi_integral(1e-4) / (1e-8 / 4), 1, 1e-4);
  for (const double x : {0.2, 1.0, 1.999, 2.0, 2.5, 20.0})
    EXPECT_NEAR((psi_integral(x + 1e-5) - psi_integral(x - 1e-5)) / 2e-5, psi(x), 1e-8) << x;
  EXPECT_NEAR(psi_integral(1e5) / 1e5, 1, 2e-4);
}

}  // namespace
}  // namespace muster
