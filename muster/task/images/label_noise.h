#pragma once

#include <cstdint>
#include <span>

#include "muster/task/task.h"

namespace muster::inline task {

/// Label noise, the disturbance under which the slow SDE has a closed form (Gu, Lyu, Huang, Arora, ICLR 2023,
/// section 4 and figure 7): each target (int64 class) becomes, with probability `probability`, one of the
/// `classes - 1` other classes, all alike. Drawn anew for every use: the draw is a function of (seed, epoch,
/// the samples of the batch, place in the batch), so a sample that two workers take in one epoch is disturbed
/// twice, independently. `samples`: of the batch, in order. probability 0: does nothing.
/// REQUIRES: classes >= 2 where probability > 0.
void disturb_labels(Batch& batch, std::span<const int64_t> samples, int64_t classes, double probability,
                    uint64_t seed, int64_t epoch);

/// Throws OptionError on task.label_noise, which is to be in [0, 1].
void validate_label_noise(double probability);

}  // namespace muster::inline task
