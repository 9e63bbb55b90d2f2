#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "muster/app/options.h"
#include "muster/method/async_server.h"
#include "muster/method/async_worker.h"
#include "muster/task/sampler.h"

namespace muster {

// REQUIRES throughout: a configuration for which fill_async() was called (muster/app/resolve_async.h).

/// What the server does with a contribution. Throws OptionError.
std::unique_ptr<OuterOptimizer> build_async_outer(const AsyncSection& async, int64_t size,
                                                  at::ScalarType type);

/// A server that nobody has joined yet, with these parameters. Throws OptionError.
AsyncServer build_async_server(const Configuration& configuration, const DispatchOptions& dispatch,
                               const at::Tensor& parameters);

/// The learning rate of a shard's steps: its total is run.steps / async.shards, rounded up. REQUIRES:
/// complete_async() was called.
LearningRate build_shard_learning_rate(const Configuration& configuration);

/// A worker; what is borrowed must outlive it.
std::unique_ptr<AsyncWorker> build_async_worker(const Configuration& configuration, const Task& task,
                                                const Sampler& sampler, const LearningRate& learning_rate);

/// Samples of every shard, for sampling by progress.
std::vector<int64_t> shard_sizes(const Sampler& sampler, int64_t shards, int64_t train_samples);

}  // namespace muster
