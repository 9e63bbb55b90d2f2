#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "muster/asynchronous/lost_rounds.h"
#include "muster/asynchronous/norm_watch.h"
#include "muster/asynchronous/server_event.h"
#include "muster/flat/state.h"
#include "muster/flat/vector.h"
#include "muster/optim/correction.h"
#include "muster/optim/outer_optimizer.h"
#include "muster/schedule/dispatch.h"
#include "muster/schedule/staleness_weight.h"

namespace muster {

struct AsyncServerOptions {
  double max_norm = 0;      ///< async.max_norm: contributions of a larger norm are dropped; 0: no limit
  bool look_ahead = false;  ///< workers start where the outer optimizer's momentum is about to lead
                            ///< (OuterOptimizer::look_ahead) instead of at the parameters
  Outliers outliers = Outliers::warn;  ///< async.outlier
  /// Throws OptionError.
  void validate() const;
};

/// What the server is put together from: who starts when, how much a contribution weighs, what is done to it
/// before the outer step, and the outer step.
struct AsyncServerParts {
  std::unique_ptr<Dispatcher> dispatcher;
  std::unique_ptr<StalenessWeight> weight;
  std::unique_ptr<Correction> correction;  ///< may be null: none
  std::unique_ptr<OuterOptimizer> outer;
};

/// What has come in so far.
struct ServerCounts {
  std::array<int64_t, verdicts> contributions{};  ///< by verdict
  int64_t tokens = 0;                             ///< of those counted
  int64_t joined = 0, left = 0, releases = 0;
  int64_t staleness_sum = 0, staleness_max = 0;  ///< of those counted
  std::vector<int64_t> staleness{};              ///< how many of each, from 0 on; the last one also of more
  int64_t of(Verdict verdict) const { return contributions[static_cast<size_t>(verdict)]; }
  double staleness_mean() const;
  bool operator==(const ServerCounts&) const = default;
};

/// What an event led to.
struct EventOutcome {
  Verdict verdict = Verdict::counted;     ///< of a contribution
  int64_t staleness = 0;                  ///< of a contribution: versions since its start
  std::vector<Assignment> assignments{};  ///< of a release
  double norm = 0;                        ///< of a contribution that was counted
  std::optional<double> median{};  ///< the running median of norms before it, where the norm is far above it
                                   ///< and outliers are not simply accepted
  Vector start{};  ///< of a release that assigned something: where its workers begin. Never written to
                   ///< again, so it may be kept and sent while the server goes on
};

/// The asynchronous server (Liu et al. 2024, arXiv 2401.09135, Algorithm 2) as a pure state machine:
/// arrivals in, assignments out; no clock, no network, no thread of its own (not for two threads at once).
/// All that changes it is an event, and the same events give the same bits:
///
///     const Verdict verdict = server.judge(contribution);          // reads only
///     if (ends_round(verdict)) {
///       journal(server.event_of(contribution, verdict));           // before it is acknowledged
///       server.apply(event);
///     } else server.turn_away(verdict);
///
/// `receive` does this without a journal. Version: contributions applied so far.
class AsyncServer {
 public:
  /// `parameters`: flat, float or double; copied. Throws OptionError.
  AsyncServer(AsyncServerParts parts, const AsyncServerOptions& options, const Vector& parameters);

  /// What would become of it now. Changes nothing; a pass over the vector for its norm, and one to see that
  /// it is finite.
  Verdict judge(const Contribution& contribution) const;
  /// Why a contribution got this verdict, for its worker: numbers and the option that decided; "" where the
  /// verdict's word says all.
  std::string reason(const Contribution& contribution, Verdict verdict) const;
  /// The event of a contribution that ends its round with this verdict. REQUIRES: ends_round(verdict).
  static ServerEvent event_of(const Contribution& contribution, Verdict verdict);
  /// Counts a contribution that was turned away at the door. REQUIRES: not ends_round(verdict).
  void turn_away(Verdict verdict);
  /// The only way to change the state. Throws DataError for an event that cannot follow on what happened so
  /// far (a second join, a contribution of no open round): a journal of another run.
  EventOutcome apply(const ServerEvent& event);

  /// judge, then apply or turn_away.
  EventOutcome receive(const Contribution& contribution);

  int64_t version() const { return version_; }
  const Vector& parameters() const { return parameters_; }
  const Dispatcher& dispatcher() const { return *parts_.dispatcher; }
  const OuterOptimizer& outer() const { return *parts_.outer; }
  const ServerCounts& counts() const { return counts_; }
  /// Where workers released now would begin, as a copy (the parameters, or ahead of them).
  Vector starting_point() const;

  /// Parameters, outer optimizer, dispatcher, counts, kept starts: with it, and the events that came later,
  /// the state is the undisturbed one's. Vectors share memory with the server; copy them to keep them.
  State state() const;
  /// Throws CheckpointError.
  void restore(const State& state);

 private:
  EventOutcome apply_one(const WorkerJoined& event);
  EventOutcome apply_one(const WorkerLeft& event);
  EventOutcome apply_one(const Contribution& event);
  EventOutcome apply_one(const ContributionDropped& event);
  EventOutcome apply_one(const WorkersReleased& event);
  void require_open(int64_t worker, int64_t sequence) const;
  void end_round(int64_t worker, double completed, int64_t local_steps, double compute_seconds, bool counts);
  void step(const Contribution& contribution, int64_t staleness);
  void count_staleness(int64_t staleness);

  AsyncServerParts parts_;
  AsyncServerOptions options_;
  Vector parameters_;
  Vector scratch_;                    // the contribution as it is applied
  std::map<int64_t, Vector> starts_;  // by worker, of open rounds, where the correction wants them
  Vector last_start_;                 // of version last_start_version_: shared by releases in between
  int64_t last_start_version_ = -1;
  LostRounds lost_rounds_;
  NormWatch norms_;
  int64_t version_ = 0;
  ServerCounts counts_;
};

}  // namespace muster
