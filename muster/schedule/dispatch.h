#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "muster/base/numbers.h"
#include "muster/schedule/dynamic_local_updates.h"
#include "muster/schedule/shard_sampling.h"

namespace muster {

/// One round of one worker: where it starts and what it trains.
struct Assignment {
  int64_t worker = 0;
  int64_t shard = 0;
  int64_t local_steps = 0;
  int64_t first_step = 0;  ///< local steps that the shard has handed out before: its place in the data and on
                           ///< its learning-rate clock (Eq. 3: one clock per shard)
  int64_t version = 0;     ///< of the parameters it starts from: contributions applied so far
  int64_t sequence = 0;    ///< the worker's own rounds before this one, over all its lives
  bool operator==(const Assignment&) const = default;
};

struct DispatchOptions {
  LocalStepsOptions local_steps;  ///< H, or Eq. 6
  double grace = 0;               ///< async.grace, in seconds, >= 0; infinite: wait for all
  ShardSamplingOptions sampling;
  uint64_t seed = 0;  ///< of the shards' choice
  /// Throws OptionError.
  void validate() const;
};

/// The asynchronous side of WHEN (Liu et al. 2024, arXiv 2401.09135, Algorithms 2, 4 and 5): who starts when,
/// from which shard, with how many local steps. Pure numbers; it has no clock: times are seconds on the
/// caller's, real or virtual, and never go back. It serves the server, the virtual clock and the event
/// simulation alike; O(log n) per arrival.
///
/// A worker that joins or whose round has ended is *ready*. The first to be ready opens the grace window; all
/// who get ready within `grace` seconds of it start together when it is over, from the same parameters. When
/// to call release() is the caller's: in virtual time as soon as the next to be ready would come later than
/// grace_closes() (and then at the time of the last one that came: who ends alone starts again at once); in
/// real time when grace_closes() has passed, or everybody is ready.
class Dispatcher {
 public:
  /// Throws OptionError.
  explicit Dispatcher(const DispatchOptions& options);

  /// A new worker, or one that comes back: ready from `time` on. `seconds_per_step`: of its local steps,
  /// where known; measured from its rounds otherwise. REQUIRES: it is not present.
  void join(int64_t worker, double time, std::optional<double> seconds_per_step = std::nullopt);
  /// It is gone, and its open round with it. REQUIRES: it is present.
  void leave(int64_t worker);
  /// The worker's open round has ended and its contribution was taken (or dropped: then `counts` is false and
  /// its local steps do not count). `compute_seconds`: what its local steps took, 0 where not measured.
  /// REQUIRES: it has an open assignment; 1 <= local_steps <= the assigned ones.
  void arrive(int64_t worker, double time, int64_t local_steps, double compute_seconds, bool counts = true);

  /// When the open window closes; nothing where nobody is ready.
  std::optional<double> grace_closes() const;
  bool anybody_ready() const { return !ready_.empty(); }
  /// Nobody who is present has an open round.
  bool everybody_ready() const { return ready_.size() == present_; }
  /// Assignments of all who are ready, in the order in which they became so; closes the window.
  std::vector<Assignment> release(int64_t version);

  bool present(int64_t worker) const;
  /// Has ever joined.
  bool known(int64_t worker) const { return workers_.count(worker) > 0; }
  /// The round that the worker is in; null when it is ready or not present.
  const Assignment* open_assignment(int64_t worker) const;
  /// Rounds that the worker was ever given: the next one's sequence.
  int64_t rounds_given(int64_t worker) const;
  int64_t workers_present() const { return static_cast<int64_t>(present_); }
  /// Those who are present, in rising order.
  std::vector<int64_t> members() const;
  /// Steps that the worker would be given now. REQUIRES: it is present.
  int64_t local_steps_of(int64_t worker) const;
  /// Seconds per local step, given or last measured; nothing while unknown.
  std::optional<double> seconds_per_step(int64_t worker) const;
  /// Local steps of all workers together, in rounds that ended and count.
  int64_t local_steps_done() const { return local_steps_done_; }
  /// Local steps handed out from a shard.
  int64_t shard_steps(int64_t shard) const { return shard_steps_.at(static_cast<size_t>(shard)); }
  const DispatchOptions& options() const { return options_; }

  /// Everything, so that a restored one decides as the undisturbed one.
  Numbers state() const;
  void restore(const Numbers& numbers);

 private:
  struct Worker {
    bool present = false;
    bool speed_given = false;
    bool has_open = false;
    int64_t rounds = 0;
    Assignment open{};
  };

  Worker& member(int64_t worker);
  void make_ready(int64_t worker, double time);

  DispatchOptions options_;
  std::unique_ptr<ShardSampling> sampling_;
  Speeds speeds_;
  std::map<int64_t, Worker> workers_;  // all that ever joined
  std::vector<int64_t> ready_;         // in the order in which they became so
  std::vector<int64_t> shard_steps_;
  std::optional<double> window_opened_;
  size_t present_ = 0;
  int64_t choices_ = 0;  // shards chosen so far: the place in the random sequence
  int64_t local_steps_done_ = 0;
};

}  // namespace muster
