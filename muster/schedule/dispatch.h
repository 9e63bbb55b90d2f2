#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "muster/base/numbers.h"
#include "muster/schedule/dynamic_local_updates.h"
#include "muster/schedule/shard_sampling.h"

namespace muster::inline schedule {

/// One round of one worker: where it starts and what it trains.
struct Assignment {
  int64_t worker = 0;
  int64_t shard = 0;
  int64_t local_steps = 0;
  int64_t first_step = 0;  ///< local steps assigned from the shard before: its position in the data and
                           ///< in its learning-rate schedule (Eq. 3: one for each shard)
  int64_t version = 0;     ///< of the parameters it starts from: contributions applied so far
  int64_t sequence = 0;    ///< the worker's own rounds before this one, also before it left and rejoined
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

/// Decides in an asynchronous run (Liu et al. 2024, arXiv 2401.09135, Algorithms 2, 4 and 5) which worker
/// starts when, from which shard, with how many local steps. It has no clock: times are seconds on the
/// caller's clock, real or virtual, and never decrease. The server and the event simulation use it.
/// O(log n) per arrival.
///
/// A worker that joins or whose round has ended is *ready*. The first ready worker opens the grace window;
/// all workers that become ready within `grace` seconds start together when it closes, from the same
/// parameters. The caller calls release(): in virtual time, when the next worker would become ready only
/// after grace_closes(), at the time at which the last one became ready (so a worker that is alone in its
/// window starts again at once); in real time, when grace_closes() has passed or all workers are ready.
class Dispatcher {
 public:
  /// Throws OptionError.
  explicit Dispatcher(const DispatchOptions& options);

  /// A new worker, or one that rejoins: ready from `time` on. `seconds_per_step`: of its local steps, where
  /// known; measured from its rounds otherwise. REQUIRES: it is not present.
  void join(int64_t worker, double time, std::optional<double> seconds_per_step = std::nullopt);
  /// The worker has left; its open round is dropped. REQUIRES: it is present.
  void leave(int64_t worker);
  /// The worker's open round has ended and its contribution was taken (or dropped: then `counts` is false and
  /// its local steps do not count). `compute_seconds`: the time of its local steps, 0 where not measured.
  /// REQUIRES: it has an open assignment; 1 <= local_steps <= the assigned ones.
  void arrive(int64_t worker, double time, int64_t local_steps, double compute_seconds, bool counts = true);

  /// When the open window closes; nothing where no worker is ready.
  std::optional<double> grace_closes() const;
  bool anybody_ready() const { return !ready_.empty(); }
  /// No present worker has an open round.
  bool everybody_ready() const { return ready_.size() == present_; }
  /// Assigns a round to every ready worker, in the order in which they became ready; closes the window.
  std::vector<Assignment> release(int64_t version);

  bool present(int64_t worker) const;
  /// Whether the worker has ever joined.
  bool known(int64_t worker) const { return workers_.count(worker) > 0; }
  /// The round that the worker is in; null when it is ready or not present.
  const Assignment* open_assignment(int64_t worker) const;
  /// Rounds assigned to the worker so far: the sequence number of its next one.
  int64_t rounds_given(int64_t worker) const;
  int64_t workers_present() const { return static_cast<int64_t>(present_); }
  /// The present workers, in rising order.
  std::vector<int64_t> members() const;
  /// Local steps that release() would assign to the worker now. REQUIRES: it is present.
  int64_t local_steps_of(int64_t worker) const;
  /// Seconds per local step, given or last measured; nothing while unknown.
  std::optional<double> seconds_per_step(int64_t worker) const;
  /// Local steps of all workers together, in rounds that ended and count.
  int64_t local_steps_done() const { return local_steps_done_; }
  /// Local steps assigned from a shard.
  int64_t shard_steps(int64_t shard) const { return shard_steps_.at(static_cast<size_t>(shard)); }
  const DispatchOptions& options() const { return options_; }

  /// The whole state: a restored dispatcher takes the same decisions as one that never stopped.
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
  std::vector<int64_t> ready_;         // in the order in which they became ready
  std::vector<int64_t> shard_steps_;
  std::optional<double> window_opened_;
  size_t present_ = 0;
  int64_t choices_ = 0;  // shards chosen so far: the index of the next random stream
  int64_t local_steps_done_ = 0;
};

}  // namespace muster::inline schedule
