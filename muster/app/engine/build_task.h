#pragma once

#include <memory>

#include "muster/app/options.h"
#include "muster/task/nn_model.h"
#include "muster/task/sampler.h"
#include "muster/task/task.h"

namespace muster {

/// The task that a resolved configuration names; reads or generates the data. run.seed gives the initial
/// weights, the augmentation and the generated data. Throws OptionError, FileError, DataError.
std::unique_ptr<Task> build_task(const Configuration& configuration);

/// How its network is trained.
NnOptions nn_options(const Configuration& configuration);

/// The sampler over the task's training samples for `workers` workers in the whole run. Throws OptionError.
std::unique_ptr<Sampler> build_sampler(const TaskSection& task, int64_t training_samples, int64_t workers,
                                       uint64_t seed);

}  // namespace muster
