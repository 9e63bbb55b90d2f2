#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "muster/theory/convex/sparse_rows.h"

namespace muster::inline theory {

/// Where a sample's entries lie in PackedRows, in groups of four, at least one.
struct PackedRow {
  uint32_t first = 0;  ///< group
  uint32_t groups = 1;
  double label = 0;
};

/// Samples in the form that the inner loops read: equal samples share their entries, rows are padded to whole
/// groups of four with column `features` (an element that is always 0) and value 0, and the values are left
/// out where all of them are 1.
struct PackedRows {
  std::vector<PackedRow> rows;      ///< by sample, in the file's order
  std::vector<PackedRow> distinct;  ///< each distinct sample once, by ascending count
  std::vector<int64_t> counts;      ///< number of samples that equal distinct[i]
  std::vector<uint32_t> columns;
  std::vector<double> values;  ///< empty: all of them 1
  int64_t features = 0;
  int64_t entries = 0;     ///< of all samples, without padding
  int64_t empty_rows = 0;  ///< samples without features

  int64_t samples() const { return static_cast<int64_t>(rows.size()); }
  /// Calls call(column, value) for each entry of a row, without padding.
  template <class Call>
  void for_each(const PackedRow& row, Call call) const {
    const size_t begin = size_t{4} * row.first, end = begin + size_t{4} * row.groups;
    for (size_t i = begin; i < end && columns[i] != static_cast<uint32_t>(features); ++i)
      call(columns[i], values.empty() ? 1.0 : values[i]);
  }
};

/// Entries whose value is 0 are left out. `labels`: one per sample, instead of the rows' own.
PackedRows pack_rows(const SparseRows& rows, const std::vector<double>& labels);

}  // namespace muster::inline theory
