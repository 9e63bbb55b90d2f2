#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "muster/task/samplers/partition.h"
#include "muster/task/samplers/permutation.h"
#include "muster/task/samplers/sampler.h"

namespace muster::inline task {

/// Options of every sampler. validate() throws OptionError on task.batch where workers x batch exceeds the
/// samples.
struct SamplerOptions {
  int64_t samples = 0;
  int64_t workers = 1;
  int64_t batch = 1;  ///< per worker
  uint64_t seed = 0;
  int64_t group_size = 1;  ///< divides workers; PermutationSampler deals by groups of so many workers
  void validate() const;
};

/// One permutation of all samples per epoch, dealt to the workers in turn (worker w gets places w, w + K,
/// ...), as torch's DistributedSampler does; the rest that fills no step is dropped. Without replacement:
/// step s of an epoch takes places s K B ... (s + 1) K B - 1, so K workers see the samples of one worker with
/// the K-fold batch. With groups of G the samples are dealt to the K / G groups in turn, and what a group
/// gets to its workers: a group sees the samples of one worker, of K / G, with the G-fold batch.
class PermutationSampler final : public Sampler {
 public:
  explicit PermutationSampler(const SamplerOptions& options);
  int64_t steps_per_epoch() const override;
  std::vector<int64_t> samples(int64_t step, int64_t worker) const override;

 private:
  SamplerOptions options_;
  mutable PermutationCache orders_;
};

/// Every sample drawn uniformly and independently of all others, with replacement.
class ReplacementSampler final : public Sampler {
 public:
  explicit ReplacementSampler(const SamplerOptions& options);
  int64_t steps_per_epoch() const override;
  std::vector<int64_t> samples(int64_t step, int64_t worker) const override;

 private:
  SamplerOptions options_;
};

/// Every worker owns floor(samples / workers) samples for the whole run (parts of one permutation that
/// depends on the seed alone) and goes through them in a new order in each epoch; the rest of an epoch is
/// dropped.
class ShardSampler final : public Sampler {
 public:
  explicit ShardSampler(const SamplerOptions& options);
  int64_t steps_per_epoch() const override;
  std::vector<int64_t> samples(int64_t step, int64_t worker) const override;

 private:
  SamplerOptions options_;
  int64_t shard_size_;
  std::vector<int64_t> shards_;  // worker w owns [w * shard_size_, (w + 1) * shard_size_)
  mutable PermutationCache orders_;
};

/// Every worker owns a part of the samples for the whole run, of any size, and goes through it in a new order
/// in each pass; what fills no step at the end of a pass is dropped. Workers with small parts pass through
/// them more often, so that all make equally many steps.
class PartitionSampler final : public Sampler {
 public:
  /// `parts`: one for each worker. Throws OptionError on task.batch where a part is smaller than a batch.
  PartitionSampler(const SamplerOptions& options, Partition parts);
  int64_t steps_per_epoch() const override;
  std::vector<int64_t> samples(int64_t step, int64_t worker) const override;
  int64_t pass(int64_t step, int64_t worker) const override;
  std::optional<int64_t> samples_of(int64_t worker) const override {
    return static_cast<int64_t>(parts_.at(static_cast<size_t>(worker)).size());
  }

 private:
  int64_t steps_of_pass(int64_t worker) const;

  SamplerOptions options_;
  Partition parts_;
  std::vector<std::unique_ptr<PermutationCache>> orders_;  // of each worker
};

}  // namespace muster::inline task
