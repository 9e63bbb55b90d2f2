#pragma once

#include <cstdint>

#include "muster/theory/convex/sparse_rows.h"

namespace muster::inline theory {

struct GeneratedRowsOptions {
  int64_t samples = 20'000;
  int64_t features = 100;
  uint64_t seed = 1;
};

/// Generated samples: feature j (from 0) is present, with value 1, in a share min(1 / 4, 1 / (j + 2)) of the
/// samples; the label is +1 with probability 1 / (1 + exp(-m)), m = sum of the weights of the sample's
/// features less 1, weights normal with standard deviation 1.5; else -1. Rare features make the problem badly
/// conditioned and the labels are noisy, as in real text data. A function of the options alone. REQUIRES:
/// samples and features at least 1.
SparseRows generated_rows(const GeneratedRowsOptions& options);

}  // namespace muster::inline theory
