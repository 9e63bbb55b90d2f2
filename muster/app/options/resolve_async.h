#pragma once

#include <cstdint>

#include "muster/app/keys/options.h"

namespace muster {

class Catalogue;

/// What `muster simulate` needs beyond the keys' own checks; run.steps counts the local steps of all workers
/// together there. Each throws OptionError.

/// Keys that belong to lockstep training alone, and keys of async.* that do not go together. To be called
/// before any default is filled in.
void check_async(const Catalogue& catalogue, const Configuration& configuration);
/// The same for `muster serve` and `muster work`.
void check_served(const Catalogue& catalogue, const Configuration& configuration);
/// run.workers, run.threads, async.shards, async.delay, async.learning_rate, async.weight and task.sampler
/// (permutation becomes shard: an asynchronous run has parts of the data instead of common epochs).
void fill_async(const Catalogue& catalogue, Configuration& configuration);
/// run.steps and evaluation.every, and what depends on them. `train_samples` is used where the length is
/// given in epochs. REQUIRES: fill_async().
void complete_async(Configuration& configuration, int64_t train_samples);

/// Local steps of the run over the number of shards, at least 1. REQUIRES: fill_async().
int64_t steps_of_a_shard(const Configuration& configuration, int64_t train_samples);
/// The last milestone of the learning rate lies within a shard's steps. Throws OptionError.
void check_milestones_of_shards(const Catalogue& catalogue, const Configuration& configuration,
                                int64_t train_samples);

/// For commands of lockstep training: no key of async.* is given. Throws OptionError.
void check_no_async(const Catalogue& catalogue, const Configuration& configuration);

}  // namespace muster
