#pragma once

#include <memory>

#include "muster/app/keys/options.h"
#include "muster/task/models/nn_model.h"
#include "muster/task/task.h"

namespace muster::inline app {
class Catalogue;
}  // namespace muster::inline app

namespace muster::inline engine {

/// What a task is made of. Borrows both.
struct TaskRequest {
  const Catalogue& catalogue;
  const Configuration& configuration;
};

/// The task that a resolved configuration names; reads or generates the data. run.seed gives the initial
/// weights and the augmentation, data_seed the generated data. Throws OptionError, FileError, DataError.
std::unique_ptr<Task> build_task(const Catalogue& catalogue, const Configuration& configuration);

/// The maker of task.name = clusters. Throws OptionError.
std::unique_ptr<Task> make_clusters_task(const TaskRequest& request);

/// The seed of generated data: task.data_seed, or else run.seed.
uint64_t data_seed(const Configuration& configuration);

/// The options by which the task's network is trained.
NnOptions nn_options(const Configuration& configuration);

}  // namespace muster::inline engine
