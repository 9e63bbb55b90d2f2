#pragma once

#include <signal.h>

namespace muster::inline app {

/// Whether it asks a program to stop: SIGINT (Ctrl-C), SIGTERM, SIGHUP (the terminal is gone).
constexpr bool asks_to_stop(int signal) { return signal == SIGINT || signal == SIGTERM || signal == SIGHUP; }

/// While it lives, the signals that ask to stop and SIGCHLD are blocked and kept for asked_to_stop() and
/// wait(), so that a command that runs other programs ends in good order. A SIGINT or SIGHUP that was ignored
/// before stays ignored (background jobs, nohup). Holds for the thread that made it; a child must call
/// restore() between fork and exec.
class HeldSignals {
 public:
  HeldSignals();
  ~HeldSignals();
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  /// The newest signal that asks to stop; 0 if none has come so far.
  int asked_to_stop();
  /// Waits for the next signal, at most so many seconds: SIGCHLD, one that asks to stop, or 0 when none
  /// came.
  int wait(double seconds);
  /// Restores the earlier signal mask in the calling thread; safe after fork().
  void restore() const;

 private:
  sigset_t held_;
  sigset_t before_;
  int stop_ = 0;
};

}  // namespace muster::inline app
