#pragma once

#include <cstdint>

#include "muster/app/keys/options.h"

namespace muster::inline app {

class Catalogue;

/// What `muster simulate` needs beyond the keys' own checks; run.steps counts the local steps of all workers
/// together there. Each throws OptionError.

/// Refuses keys that belong to lockstep training alone, and keys of async.* that contradict each other. To be
/// called before any default is filled in.
void check_async(const Catalogue& catalogue, const Configuration& configuration);
/// The same for `muster serve` and `muster work`.
void check_served(const Catalogue& catalogue, const Configuration& configuration);
/// Fills in run.workers, run.threads, async.shards, async.delay, async.learning_rate, async.weight and
/// task.sampler (permutation becomes shard: an asynchronous run has parts of the data instead of common
/// epochs).
void fill_async(const Catalogue& catalogue, Configuration& configuration);
/// Fills in run.steps and evaluation.every, and checks what depends on them. `train_samples` is used where
/// the length is given in epochs. REQUIRES: fill_async().
void complete_async(Configuration& configuration, int64_t train_samples);

/// Local steps of the run over the number of shards, at least 1. REQUIRES: fill_async().
int64_t steps_of_a_shard(const Configuration& configuration, int64_t train_samples);
/// Throws OptionError unless the last milestone of the learning rate lies within a shard's steps.
void check_milestones_of_shards(const Catalogue& catalogue, const Configuration& configuration,
                                int64_t train_samples);

/// For commands of lockstep training: throws OptionError where a key of async.* is given.
void check_no_async(const Catalogue& catalogue, const Configuration& configuration);

}  // namespace muster::inline app
