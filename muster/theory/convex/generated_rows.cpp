#include "muster/theory/convex/generated_rows.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "muster/base/random.h"

namespace muster::inline theory {

SparseRows generated_rows(const GeneratedRowsOptions& options) {
  constexpr double spread = 1.5, shift = 1;
  RandomStream weights_of({options.seed, Purpose::generated_data, 0, 0});
  std::vector<double> weights(static_cast<size_t>(options.features));
  for (double& weight : weights) weight = spread * weights_of.normal();
  SparseRows rows;
  rows.features = options.features;
  for (int64_t sample = 0; sample < options.samples; ++sample) {
    RandomStream stream({options.seed, Purpose::generated_data, 1, static_cast<uint64_t>(sample)});
    double margin = -shift;
    for (int64_t j = 0; j < options.features; ++j) {
      if (stream.uniform() >= std::min(0.25, 1 / static_cast<double>(j + 2))) continue;
      rows.columns.push_back(static_cast<int32_t>(j));
      rows.values.push_back(1);
      margin += weights[static_cast<size_t>(j)];
    }
    rows.starts.push_back(static_cast<int64_t>(rows.columns.size()));
    rows.labels.push_back(stream.uniform() * (1 + std::exp(-margin)) < 1 ? 1 : -1);
  }
  return rows;
}

}  // namespace muster::inline theory
