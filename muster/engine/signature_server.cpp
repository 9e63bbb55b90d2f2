#include "muster/engine/signature_server.h"

#include "muster/app/options/resolve_async.h"
#include "muster/app/options/simulation_options.h"
#include "muster/asynchronous/virtual_run.h"
#include "muster/engine/build_async.h"
#include "muster/engine/build_sampler.h"
#include "muster/flat/vector.h"
#include "muster/libtorch/kernel_threads.h"
#include "muster/libtorch/tensor_vector.h"

namespace muster::inline engine {

namespace {

Vector first_parameters(const Task& task) {
  ThreadPool alone(1);
  return initial_values(*task.make_model(), alone).parameters;
}

}  // namespace

void add_server(const Catalogue& catalogue, SignatureHash& hash, const SignatureCase& chosen) {
  Configuration configuration = configuration_of(catalogue, chosen);
  const ScalarTask task = task_of(chosen);
  complete_async(configuration, task.train_size());
  const int64_t shards = *configuration.async.shards;
  const auto sampler = build_sampler(catalogue, configuration, task, shards);
  const SimulationOptions options =
      simulation_options(configuration, 0, shard_sizes(*sampler, shards, task.train_size()));
  AsyncServer server = build_async_server(catalogue, configuration, options.dispatch, first_parameters(task));
  ThreadPool pool(2, use_single_threaded_kernels_here);
  const std::vector<LearningRate> rates =
      build_shard_learning_rates(catalogue, configuration, server.dispatcher().options().sampling);
  VirtualClock clock(simulated_speeds(configuration), options.outages, options.link);
  VirtualRunParts parts{server, clock, pool, {}, nullptr};
  for (int64_t worker = 0; worker < *configuration.run.workers; ++worker)
    parts.workers.push_back(build_async_worker(catalogue, configuration, task, *sampler, rates));
  VirtualRun run(std::move(parts),
                 {.total_steps = options.total_steps, .speeds_known = options.speeds_known});
  while (const auto arrival = run.advance()) {
    hash.add(arrival->assignment.worker);
    hash.add(static_cast<int64_t>(arrival->verdict));
    hash.add(arrival->staleness);
  }
  hash.add(server.parameters());
}

}  // namespace muster::inline engine
