#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "muster/app/keys/options.h"
#include "muster/asynchronous/async_server.h"
#include "muster/flat/vector.h"
#include "muster/method/replica_worker.h"
#include "muster/task/samplers/sampler.h"

namespace muster::inline app {
class Catalogue;
}  // namespace muster::inline app

namespace muster::inline engine {

// REQUIRES throughout: a configuration for which fill_async() was called
// (muster/app/options/resolve_async.h).

/// The outer optimizer that the server applies to contributions. Throws OptionError.
std::unique_ptr<OuterOptimizer> build_async_outer(const Catalogue& catalogue, const AsyncSection& async,
                                                  int64_t size, ElementType type);

/// A server without workers yet, with these parameters. Throws OptionError.
AsyncServer build_async_server(const Catalogue& catalogue, const Configuration& configuration,
                               const DispatchOptions& dispatch, const Vector& parameters);

/// The learning rate of every shard's steps, each over the steps that its shard is expected to hand out
/// (expected_shard_steps; `speeds` as there), so that each decay comes to its end. Throws OptionError: a
/// shard has fewer steps than the warm-up. REQUIRES: complete_async() was called.
std::vector<LearningRate> build_shard_learning_rates(const Catalogue& catalogue,
                                                     const Configuration& configuration,
                                                     const ShardSamplingOptions& sampling,
                                                     const std::vector<double>& speeds = {});

/// A worker; what is borrowed must outlive it.
std::unique_ptr<AsyncWorker> build_async_worker(const Catalogue& catalogue,
                                                const Configuration& configuration, const Task& task,
                                                const Sampler& sampler,
                                                const std::vector<LearningRate>& learning_rates);

/// Samples of every shard, for sampling by progress.
std::vector<int64_t> shard_sizes(const Sampler& sampler, int64_t shards, int64_t train_samples);

}  // namespace muster::inline engine
