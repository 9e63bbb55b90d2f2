#pragma once

#include <cstdint>
#include <span>

#include "muster/task/task.h"

namespace muster::inline task {

/// MixUp (Zhang et al., ICLR 2018): the batch is mixed with a permutation p of itself,
///   input i  <- x * input i + (1 - x) * input p(i),   x from Beta(alpha, alpha), one for the batch,
/// and the targets (int64 classes) become probabilities (batch x classes floats) mixed alike. x and p are a
/// function of (seed, epoch, first sample of the batch). alpha 0: does nothing.
void mix_up(Batch& batch, int64_t classes, double alpha, uint64_t seed, int64_t epoch, int64_t first_sample);

/// Throws OptionError on image.mixup.
void validate_mixup(double alpha);

}  // namespace muster::inline task
