#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "muster/asynchronous/lost_rounds.h"
#include "muster/asynchronous/norm_watch.h"
#include "muster/asynchronous/server_counts.h"
#include "muster/asynchronous/server_event.h"
#include "muster/asynchronous/vector_measure.h"
#include "muster/base/numbers.h"
#include "muster/flat/vector.h"
#include "muster/schedule/dispatch.h"
#include "muster/schedule/staleness_weight.h"

namespace muster::inline asynchronous {

struct AsyncServerOptions {
  double max_norm = 0;      ///< async.max_norm: contributions of a larger norm are dropped; 0: no limit
  bool look_ahead = false;  ///< workers start where the outer optimizer's momentum is about to lead
                            ///< (OuterOptimizer::look_ahead) instead of at the parameters
  Outliers outliers = Outliers::warn;  ///< async.outlier
  /// Throws OptionError.
  void validate() const;
};

/// What an event led to.
struct EventOutcome {
  Verdict verdict = Verdict::counted;     ///< of a contribution
  int64_t staleness = 0;                  ///< of a contribution: versions since its start
  double weight = 0;                      ///< of a contribution that was counted, by its staleness
  int64_t version = 0;                    ///< after the event
  std::vector<Assignment> assignments{};  ///< of a release
  double norm = 0;                        ///< of a contribution that was counted
  std::optional<double> median{};  ///< the running median of norms before it, where the norm is far above it
                                   ///< and outliers are not simply accepted
  Vector start{};  ///< of a release that assigned something: where its workers begin. Never written to
                   ///< again, so it may be kept and sent while the server goes on
};

/// The half of an asynchronous server that decides: which workers are members, when each starts, what becomes
/// of a contribution, what it weighs. Numbers only: an event takes time in the number of workers, not in the
/// length of the vectors (AsyncVectors), so a lock around it is short. Not for two threads at once.
class AsyncDecisions {
 public:
  /// Throws OptionError.
  AsyncDecisions(std::unique_ptr<Dispatcher> dispatcher, std::unique_ptr<StalenessWeight> weight,
                 const AsyncServerOptions& options);

  /// Why such a contribution would be turned away, whatever its vector is; nothing where it ends its round.
  std::optional<Verdict> judge_round(const Contribution& contribution) const;
  /// What would become of it now. REQUIRES: judge_round() returned nothing.
  Verdict judge_vector(const Contribution& contribution, const VectorMeasure& measured) const;
  /// Why a contribution of this norm got this verdict, for its worker: numbers and the option that decided;
  /// "" where the verdict's word says all.
  std::string reason(double norm, Verdict verdict) const;
  /// Counts a contribution that was refused before it was judged. REQUIRES: not ends_round(verdict).
  void turn_away(Verdict verdict);
  /// `norm`: of a contribution's vector. Throws DataError, and changes nothing, for an event that cannot
  /// follow on what happened so far.
  EventOutcome apply(const ServerEvent& event, double norm = 0);

  int64_t version() const { return version_; }
  const Dispatcher& dispatcher() const { return *dispatcher_; }
  const ServerCounts& counts() const { return counts_; }

  Numbers state() const;
  /// Throws CheckpointError.
  void restore(const Numbers& numbers);

 private:
  EventOutcome apply_one(const WorkerJoined& event, double norm);
  EventOutcome apply_one(const WorkerLeft& event, double norm);
  EventOutcome apply_one(const Contribution& event, double norm);
  EventOutcome apply_one(const ContributionDropped& event, double norm);
  EventOutcome apply_one(const WorkersReleased& event, double norm);
  void require_open(int64_t worker, int64_t sequence, int64_t local_steps) const;
  int64_t staleness_of(int64_t worker) const;

  std::unique_ptr<Dispatcher> dispatcher_;
  std::unique_ptr<StalenessWeight> weight_;
  AsyncServerOptions options_;
  LostRounds lost_rounds_;
  NormWatch norms_;
  int64_t version_ = 0;
  ServerCounts counts_;
};

}  // namespace muster::inline asynchronous
