#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "muster/theory/slow_sde/slow_sde_plan.h"

namespace muster::inline theory {

/// 64 replicas of a problem with K workers each, side by side.
class ReplicaBlock {
 public:
  virtual ~ReplicaBlock() = default;
  /// `count` local steps of all workers, the first being number `first_step` of the run, with one learning
  /// rate each.
  virtual void local_steps(int64_t first_step, const double* rates, int64_t count) = 0;
  /// The workers' parameters become their mean.
  virtual void meet() = 0;
  /// Measures quantities of the mean at a meeting: quantity q of lane i goes to values[64 q + i].
  virtual void measure(double* values) const = 0;
};

/// Makes block number `block`; `key` seeds its random words.
using MakeBlock = std::function<std::unique_ptr<ReplicaBlock>(int64_t block, uint64_t key)>;

struct ReplicaOptions {
  int64_t replicas = 256;
  uint64_t seed = 1;
  int threads = 1;
  int64_t records = 200;    ///< meetings whose measurements are kept, about evenly spaced; the last always
  double average_from = 1;  ///< share of the run after which meetings enter the average over time; 1: none
  std::function<void(double)> progress{};  ///< called with the share done, by one thread at a time
  /// Throws OptionError.
  void validate() const;
};

/// Mean over the replicas and its standard error (0 for one replica).
struct Estimate {
  double mean = 0, standard_error = 0;
};

/// Estimates of every quantity.
struct ReplicaRecord {
  int64_t step = 0;  ///< steps done
  std::vector<Estimate> quantities;
};

struct ReplicaOutcome {
  std::vector<ReplicaRecord> records;  ///< the first is the start, the last the end of the run
  std::vector<Estimate> averages;      ///< of each replica's mean over meetings; empty if average_from is 1
  int64_t averaged_meetings = 0;
  const std::vector<Estimate>& last() const { return records.back().quantities; }
};

/// Simulates replicas through a plan. The outcome depends on plan, seed and block number alone, not on the
/// threads; more replicas do not change the first ones. Throws NonFiniteError when a replica diverges,
/// OptionError.
ReplicaOutcome simulate_replicas(const SlowSdePlan& plan, const ReplicaOptions& options, int quantities,
                                 const MakeBlock& make_block);

}  // namespace muster::inline theory
