#pragma once

#include <cstdint>

#include "muster/theory/convex/sparse_rows.h"

namespace muster {

struct GeneratedRowsOptions {
  int64_t samples = 20'000;
  int64_t features = 100;
  uint64_t seed = 1;
};

/// Samples for whoever has no data at hand: feature j (from 0) is there, with value 1, in a share 1 / (j + 2)
/// of the samples, at most 1 / 4; the label is +1 with probability 1 / (1 + exp(-m)), m = sum of the weights
/// of the sample's features less 1, weights normal with standard deviation 1.5; else -1. Rare features make
/// it badly conditioned and labels noisy, as real text is. A function of the options alone. REQUIRES: samples
/// and features at least 1.
SparseRows generated_rows(const GeneratedRowsOptions& options);

}  // namespace muster
