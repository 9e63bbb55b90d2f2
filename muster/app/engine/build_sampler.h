#pragma once

#include <memory>

#include "muster/app/options.h"
#include "muster/task/sampler.h"
#include "muster/task/task.h"

namespace muster {

/// The sampler over the task's training samples for `workers` workers in the whole run; run.seed gives its
/// order. Throws OptionError.
std::unique_ptr<Sampler> build_sampler(const Configuration& configuration, const Task& task, int64_t workers);

}  // namespace muster
