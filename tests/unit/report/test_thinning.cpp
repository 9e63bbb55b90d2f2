#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "muster/base/error.h"
#include "muster/base/random.h"
#include "muster/report/thinning.h"

namespace muster {
namespace {

TEST(Thinning, ShortCurvesStayWhole) {
  EXPECT_TRUE(thinned({}, 4).empty());
  EXPECT_EQ(thinned({3, 1, 2, 5}, 4), (std::vector<size_t>{0, 1, 2, 3}));
  EXPECT_THROW(thinned({1, 2}, 3), Bug);
}

TEST(Thinning, KeepsEndsAndEverySpike) {
  std::vector<double> values(10001, 1.0);
  values[1234] = 9;
  values[7777] = -9;
  const auto kept = thinned(values, 400);
  EXPECT_LE(kept.size(), 400u);
  EXPECT_EQ(kept.front(), 0u);
  EXPECT_EQ(kept.back(), 10000u);
  EXPECT_TRUE(std::is_sorted(kept.begin(), kept.end()));
  EXPECT_NE(std::find(kept.begin(), kept.end(), 1234u), kept.end());
  EXPECT_NE(std::find(kept.begin(), kept.end(), 7777u), kept.end());
}

TEST(Thinning, NeverMoreThanAskedAndNoneTwice) {
  RandomStream random({.seed = 5});
  for (size_t count = 1; count < 300; count += 7)
    for (const size_t most : {4, 5, 11, 50}) {
      std::vector<double> values;
      for (size_t i = 0; i < count; ++i)
        values.push_back(random.below(9) == 0 ? std::nan("") : random.uniform());
      const auto kept = thinned(values, most);
      EXPECT_LE(kept.size(), std::max(most, size_t{1}));
      EXPECT_EQ(std::adjacent_find(kept.begin(), kept.end(), std::greater_equal<>()), kept.end());
      EXPECT_EQ(kept.back(), count - 1);
    }
}

}  // namespace
}  // namespace muster
