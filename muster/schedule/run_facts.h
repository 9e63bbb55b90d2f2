#pragma once

#include <cstdint>

#include "muster/schedule/learning_rate.h"

namespace muster::inline schedule {

/// Facts of a run that rules may need besides their own fields.
struct RunFacts {
  LearningRateOptions learning_rate{};
  int64_t workers = 1;
  int64_t batch = 1;  ///< samples that a worker takes in a step
};

}  // namespace muster::inline schedule
