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

namespace muster {

/// Starts the processes of a run, watches them and ends them: what rank 0 says is passed on, the others'
/// lines get "[rank 3] " before them, signals are handed on, a failure ends the run or is borne
/// (LaunchOutcome decides). When the result is durable, or nobody is left who could bring it, what still runs
/// is ended, a stopped process by SIGKILL.
class Launcher {
 public:
  /// `program`: what each rank runs here, its words after the path; `muster_program`: it is this one.
  struct Program {
    std::string path;  ///< here
    bool muster = false;
  };
  Launcher(const LaunchRequest& request, Program program, RunAddress address, HeldSignals& signals,
           ResultWatch& result);

  /// Until the last process has ended; returns the exit code of the whole. Throws Error when one cannot be
  /// started (the others are killed then).
  int run();

 private:
  struct Member {
    RankPlace place;
    std::unique_ptr<RankProcess> process;
    std::optional<double> start_at;  ///< seconds on the watch
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
  FileDescriptor signal_door_;  ///< readable when a signal waits
  LineRelay relay_;
  LaunchOutcome outcome_;
  std::vector<Member> members_;
  Stopwatch watch_;
  std::optional<double> end_left_at_;    ///< what still runs although the result is durable
  std::optional<double> stopped_since_;  ///< all who are left
  std::optional<double> kill_at_;        ///< those who have been asked to end
  double asked_for_ = 0;                 ///< seconds that they have
  bool killed_ = false;
};

}  // namespace muster
