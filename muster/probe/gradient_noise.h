#pragma once

#include <cstdint>

#include "muster/probe/probed_loss.h"

namespace muster::inline probe {

struct GradientNoise {
  double trace = 0;             ///< tr(Sigma), Sigma the covariance of one sample's gradient
  double trace_error = 0;       ///< its standard error
  double gradient_squared = 0;  ///< |E g|^2, unbiased: may be negative where noise dominates
  double noise_scale = 0;       ///< tr(Sigma) / |E g|^2, in samples (McCandlish et al. 2018); infinite where
                                ///< gradient_squared is not positive
  double loss = 0;              ///< mean over the batches
};

/// From the gradients g_1 ... g_m of m batches of b samples:
///
///     tr(Sigma) = b / (m - 1) sum_i |g_i - g|^2,    |E g|^2 = |g|^2 - tr(Sigma) / (b m),    g their mean,
///
/// for independent samples (McCandlish, Kaplan, Amodei, "An Empirical Model of Large-Batch Training", 2018,
/// appendix A, with all m batches instead of two sizes). The standard error is the jackknife's over batches
/// around g. With BatchNorm it is the noise of batches of b. REQUIRES: at least two batches.
GradientNoise measure_gradient_noise(ProbedLoss& loss);

}  // namespace muster::inline probe
