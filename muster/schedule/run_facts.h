#pragma once

#include <cstdint>

#include "muster/schedule/learning_rate.h"

namespace muster {

/// What rules may need to know of a run besides their own fields.
struct RunFacts {
  LearningRateOptions learning_rate{};
  int64_t workers = 1;
  int64_t batch = 1;  ///< samples that a worker takes in a step
};

}  // namespace muster
