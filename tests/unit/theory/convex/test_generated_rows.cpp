#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "muster/theory/convex/generated_rows.h"

namespace muster {
namespace {

TEST(GeneratedRows, AreAFunctionOfTheSeed) {
  const GeneratedRowsOptions options{.samples = 300, .features = 20};
  const SparseRows rows = generated_rows(options), again = generated_rows(options);
  EXPECT_EQ(rows.columns, again.columns);
  EXPECT_EQ(rows.labels, again.labels);
  EXPECT_NE(rows.columns, generated_rows({.samples = 300, .features = 20, .seed = 2}).columns);
  const SparseRows longer = generated_rows({.samples = 400, .features = 20});
  EXPECT_TRUE(std::equal(rows.labels.begin(), rows.labels.end(), longer.labels.begin()))
      << "sample by sample";
}

TEST(GeneratedRows, HaveTheSharesThatTheyState) {
  const GeneratedRowsOptions options;
  const SparseRows rows = generated_rows(options);
  ASSERT_EQ(rows.samples(), options.samples);
  std::vector<double> counts(static_cast<size_t>(options.features));
  for (const int32_t column : rows.columns) counts[static_cast<size_t>(column)] += 1;
  for (const size_t j : {0U, 1U, 2U, 9U, 99U}) {
    const double share = std::min(0.25, 1 / static_cast<double>(j + 2)),
                 n = static_cast<double>(options.samples);
    EXPECT_NEAR(counts[j] / n, share, 5 * std::sqrt(share / n)) << j;
  }
  for (int64_t i = 0; i < rows.samples(); ++i)
    for (int64_t at = rows.starts[static_cast<size_t>(i)] + 1; at < rows.starts[static_cast<size_t>(i) + 1];
         ++at)
      ASSERT_LT(rows.columns[static_cast<size_t>(at) - 1], rows.columns[static_cast<size_t>(at)]);
  const auto positive = std::count(rows.labels.begin(), rows.labels.end(), 1.0);
  EXPECT_GT(positive, options.samples / 10);
  EXPECT_LT(positive, options.samples * 9 / 10);
}

}  // namespace
}  // namespace muster
