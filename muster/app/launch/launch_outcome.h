#pragma once

#include <optional>
#include <vector>

namespace muster {

/// How a process ended.
struct Ending {
  int code = 0;            ///< exit code; 128 + signal when a signal ended it
  bool by_signal = false;  ///< a signal ended it, rather than it itself
};

struct LaunchOutcomeOptions {
  int ranks = 1;
  int min_workers = 1;  ///< == ranks: the first failure ends the run
  int restarts = 0;     ///< of each rank
};

/// What the processes of a run have told its store of the result.
struct ResultNews {
  bool owed = false;     ///< processes end with 0 only when it is durable
  bool durable = false;  ///< it lies on a disk, whole
  bool failed = false;   ///< there will be none
};

/// What becomes of a run when one of its processes ends. Pure: knows no processes and no clock.
class LaunchOutcome {
 public:
  explicit LaunchOutcome(LaunchOutcomeOptions options);

  enum class Next {
    go_on,        ///< without it
    start_again,  ///< after pause(rank)
    end_all,      ///< the run has failed
  };
  /// A process ended. In an elastic run a failed one is started again while it has restarts left, unless the
  /// run is coming to its end: another has ended well or in good order after a signal (exit code 129,
  /// 130 or 143). When the result is durable nothing fails any more; where it is owed and is not, ending well
  /// is no end.
  Next ended(int rank, Ending ending);
  /// To be called before ended().
  void hear(ResultNews news) { result_ = news; }
  /// Nobody is left who could go on: the run has failed.
  void abandon();
  /// The whole run was asked to stop: from now on nothing is started again and nothing fails.
  void stop_asked(int signal);

  /// Starts of the rank before the present one.
  int restarts_of(int rank) const { return restarts_[static_cast<size_t>(rank)]; }
  /// Seconds before the rank's next start: 0.5, 1, 2, 4, 8, 8, ...
  double pause(int rank) const;
  /// Processes that the run has, or can have again.
  int left() const { return options_.ranks - lost_; }
  bool elastic() const { return options_.min_workers < options_.ranks; }
  /// Nothing is started any more.
  bool closing() const { return ended_well_ || stop_code_ || failure_ || result_.durable; }
  bool durable() const { return result_.durable; }
  bool failed() const { return failure_.has_value(); }

  /// Of the whole run: 0 when the result is durable; else the failure that ended it; 128 + signal when it was
  /// asked to stop and not all of its processes ended with 0; 2 when a result is owed; else 0.
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

}  // namespace muster
