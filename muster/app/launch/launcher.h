#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "muster/app/launch/launch_request.h"
#include "muster/app/launch/rank_process.h"
#include "muster/app/launch/result_watch.h"
#include "muster/app/processes/held_signals.h"
#include "muster/app/processes/line_relay.h"
#include "muster/base/stopwatch.h"

namespace muster::inline app {

/// Starts the processes of a run, watches them and ends them: rank 0's output is passed on, the lines of the
/// others get the prefix "[rank 3] ", signals are passed on, a failure ends the run or is tolerated
/// (LaunchOutcome decides). When the result is durable, or no process is left that can bring it, what still
/// runs is ended, a stopped process by SIGKILL.
class Launcher {
 public:
  /// The program that each rank runs; `muster`: it is this one.
  struct Program {
    std::string path;  ///< on this machine
    bool muster = false;
  };
  Launcher(const LaunchRequest& request, Program program, RunAddress address, HeldSignals& signals,
           ResultWatch& result);

  /// Returns when the last process has ended, with the exit code of the whole run. Throws Error when one
  /// cannot be started (the others are killed then).
  int run();

 private:
  struct Member {
    RankPlace place;
    std::unique_ptr<RankProcess> process;
    std::optional<double> start_at;  ///< time of the next start, in seconds of watch_
  };

  void start(Member& member);
  RankStart start_of(const Member& member) const;
  void open_streams(const Member& member, RankStart& start, std::vector<FileDescriptor>& opened);
  std::string log_file(int rank) const;

  bool over() const;
  void finish_output();
  void sleep() const;
  void take_signals();
  void take_endings();
  void start_due();
  void kill_overdue();
  void end_left();
  void look_at_stopped();

  void judge(Member& member, Ending ending);
  void end_all(int signal);
  void ask_all(int signal, double seconds);
  void kill_all();
  void tell_failure(const Member& member, Ending ending);
  void show_last_lines(int rank);

  const LaunchRequest& request_;
  Program program_;
  RunAddress address_;
  HeldSignals& signals_;
  ResultWatch& result_;
  FileDescriptor signal_descriptor_;  ///< readable when a signal waits
  LineRelay relay_;
  LaunchOutcome outcome_;
  std::vector<Member> members_;
  Stopwatch watch_;
  std::optional<double> end_left_at_;    ///< when to end what still runs with a durable result
  std::optional<double> stopped_since_;  ///< since when all remaining processes are stopped
  std::optional<double> kill_at_;        ///< when to kill those that were asked to end
  double asked_for_ = 0;                 ///< seconds that these have for it
  bool killed_ = false;
};

}  // namespace muster::inline app
