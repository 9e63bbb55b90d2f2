#pragma once

#include <cstdint>
#include <vector>

namespace muster::inline theory {

/// Labelled samples with few non-zero features, in row order: sample i has the entries
/// [starts[i], starts[i + 1]) of columns (0-based, ascending) and values. A row may have no entry.
struct SparseRows {
  std::vector<int64_t> starts = {0};
  std::vector<int32_t> columns;
  std::vector<double> values;
  std::vector<double> labels;
  int64_t features = 0;  ///< largest index of the file

  int64_t samples() const { return static_cast<int64_t>(labels.size()); }
};

}  // namespace muster::inline theory
