#pragma once

namespace muster::inline train {

/// While it lives, SIGINT (Ctrl-C), SIGTERM and SIGHUP (the terminal is gone) are only remembered, so that a
/// run can stop after the present step. A second Ctrl-C ends the program at once. What was ignored before
/// stays ignored (background jobs, nohup). The earlier handling comes back at the end. One at a time (Bug
/// otherwise): signals belong to the process.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  bool requested() const { return signal() != 0; }
  /// SIGINT, SIGTERM or SIGHUP, or 0 when none has come.
  int signal() const;
};

}  // namespace muster::inline train
