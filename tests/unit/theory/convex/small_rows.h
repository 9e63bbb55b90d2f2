#pragma once

#include <cstdint>
#include <vector>

#include "muster/base/random.h"
#include "muster/theory/convex/sparse_rows.h"

namespace muster::test {

/// Made-up samples of `features` features, about a third of the entries non-zero, labels -1 and 1 from a
/// noisy plane; with `unit` all values are 1. Every seventh sample repeats the one before it; every ninth is
/// empty.
inline SparseRows small_rows(int64_t samples, int64_t features, bool unit) {
  SparseRows rows;
  rows.features = features;
  RandomStream random({.seed = 17});
  for (int64_t i = 0; i < samples; ++i) {
    const auto before = static_cast<size_t>(i) - 1;
    if (i > 0 && i % 7 == 0) {
      const std::vector<int32_t> columns(rows.columns.begin() + rows.starts[before], rows.columns.end());
      const std::vector<double> values(rows.values.begin() + rows.starts[before], rows.values.end());
      rows.columns.insert(rows.columns.end(), columns.begin(), columns.end());
      rows.values.insert(rows.values.end(), values.begin(), values.end());
      rows.labels.push_back(rows.labels[before]);
    } else {
      double score = random.normal() - 0.3;
      for (int32_t column = 0; column < features && i % 9 != 0; ++column) {
        const bool last_needed = i == 1 && column == features - 1;
        if (random.uniform() > 0.35 && !last_needed) continue;
        rows.columns.push_back(column);
        rows.values.push_back(unit ? 1 : random.normal());
        score += (column % 2 == 0 ? 0.8 : -0.5) * rows.values.back();
      }
      rows.labels.push_back(score > 0 ? 1 : -1);
    }
    rows.starts.push_back(static_cast<int64_t>(rows.columns.size()));
  }
  return rows;
}

/// a.x of a sample, entry by entry.
inline double plain_product(const SparseRows& rows, int64_t sample, const std::vector<double>& x) {
  double sum = 0;
  const auto i = static_cast<size_t>(sample);
  for (auto e = static_cast<size_t>(rows.starts[i]); e < static_cast<size_t>(rows.starts[i + 1]); ++e)
    sum += rows.values[e] * x[static_cast<size_t>(rows.columns[e])];
  return sum;
}

}  // namespace muster::test
