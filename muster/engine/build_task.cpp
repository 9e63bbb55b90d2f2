#include "muster/engine/build_task.h"

#include "muster/app/keys/catalogue.h"
#include "muster/base/error.h"
#include "muster/task/small/clusters_task.h"

namespace muster::inline engine {

uint64_t data_seed(const Configuration& configuration) {
  return static_cast<uint64_t>(configuration.task.data_seed.value_or(configuration.run.seed));
}

NnOptions nn_options(const Configuration& configuration) {
  return {.seed = static_cast<uint64_t>(configuration.run.seed),
          .bf16 = configuration.run.precision == "bf16",
          .micro_batches = configuration.run.micro_batches,
          .label_smoothing = configuration.task.label_smoothing};
}

std::unique_ptr<Task> make_clusters_task(const TaskRequest& request) {
  const Configuration& configuration = request.configuration;
  const TaskSection& task = configuration.task;
  const ClustersSection& clusters = configuration.clusters;
  ClustersOptions options;
  options.dimension = clusters.dimension;
  options.classes = task.classes;
  options.per_class = clusters.per_class;
  options.noise = clusters.noise;
  if (task.samples) options.train = *task.samples;
  if (task.test_samples) options.test = *task.test_samples;
  options.hidden = task.hidden;
  options.data_seed = data_seed(configuration);
  options.training = nn_options(configuration);
  return std::make_unique<ClustersTask>(options);
}

std::unique_ptr<Task> build_task(const Catalogue& catalogue, const Configuration& configuration) {
  const TaskKind& kind = catalogue.tasks().at(configuration.task.name);
  invariant(kind.make != nullptr, "a task without a maker");
  return kind.make({catalogue, configuration});
}

}  // namespace muster::inline engine
