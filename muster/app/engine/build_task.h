#pragma once

#include <memory>

#include "muster/app/options.h"
#include "muster/task/nn_model.h"
#include "muster/task/task.h"

namespace muster {

/// The task that a resolved configuration names; reads or generates the data. run.seed gives the initial
/// weights, the augmentation and the generated data. Throws OptionError, FileError, DataError.
std::unique_ptr<Task> build_task(const Configuration& configuration);

/// How its network is trained.
NnOptions nn_options(const Configuration& configuration);

}  // namespace muster
