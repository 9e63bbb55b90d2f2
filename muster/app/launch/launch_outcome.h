#pragma once

#include <optional>
#include <vector>

namespace muster::inline app {

/// How a process ended.
struct Ending {
  int code = 0;            ///< exit code; 128 + signal when a signal ended it
  bool by_signal = false;  ///< a signal ended it; it did not exit by itself
};

struct LaunchOutcomeOptions {
  int ranks = 1;
  int min_workers = 1;  ///< == ranks: the first failure ends the run
  int restarts = 0;     ///< most restarts of each rank
};

/// The state of the result, as the run's processes have reported it to the store.
struct ResultNews {
  bool due = false;      ///< a result is due: processes exit with 0 only once it is durable
  bool durable = false;  ///< the whole result is on a disk
  bool failed = false;   ///< the run will have no result
};

/// Decides what follows when a process of a run ends. Pure: it holds no processes and no clock.
class LaunchOutcome {
 public:
  explicit LaunchOutcome(LaunchOutcomeOptions options);

  enum class Next {
    go_on,        ///< continue without the process
    start_again,  ///< restart it after pause(rank)
    end_all,      ///< the run has failed
  };
  /// To be called when a process has ended. In an elastic run a failed process is restarted while it has
  /// restarts left, unless the run is closing: another process has exited with 0, or with 129, 130 or 143
  /// after a signal. Once the result is durable no exit is a failure; while a result is due and not durable,
  /// an exit with 0 does not close the run.
  Next ended(int rank, Ending ending);
  /// Takes the newest state of the result; to be called before ended().
  void update_result(ResultNews news) { result_ = news; }
  /// No process is left that can continue: the run has failed.
  void abandon();
  /// The whole run was asked to stop: from now on no process is restarted and no exit is a failure.
  void stop_asked(int signal);

  /// Restarts of the rank so far.
  int restarts_of(int rank) const { return restarts_[static_cast<size_t>(rank)]; }
  /// Seconds before the rank's next start: 0.5, 1, 2, 4, 8, 8, ...
  double pause(int rank) const;
  /// Processes that run, have ended well, or can be restarted: all ranks but the lost ones.
  int left() const { return options_.ranks - lost_; }
  bool elastic() const { return options_.min_workers < options_.ranks; }
  /// No process is restarted any more.
  bool closing() const { return ended_well_ || stop_code_ || failure_ || result_.durable; }
  bool durable() const { return result_.durable; }
  bool failed() const { return failure_.has_value(); }

  /// Exit code of the whole run: 0 when the result is durable; else the failure that ended it; 128 + signal
  /// when it was asked to stop and not all of its processes ended with 0; 2 when a result is due and not
  /// durable; else 0.
  int exit_code() const;

 private:
  LaunchOutcomeOptions options_;
  std::vector<int> restarts_;
  ResultNews result_;
  int lost_ = 0;
  bool ended_well_ = false;
  bool unfinished_ = false;       ///< one did not end with 0 after the run was asked to stop
  std::optional<int> stop_code_;  ///< 128 + signal
  std::optional<int> failure_;
};

}  // namespace muster::inline app
