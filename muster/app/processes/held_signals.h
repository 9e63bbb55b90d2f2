#pragma once

#include <signal.h>

namespace muster {

/// Whether it asks a program to stop: SIGINT (Ctrl-C), SIGTERM, SIGHUP (the terminal is gone).
constexpr bool asks_to_stop(int signal) { return signal == SIGINT || signal == SIGTERM || signal == SIGHUP; }

/// While it lives, the signals that ask to stop and SIGCHLD wait until they are asked for, so that a command
/// that runs other programs ends in good order. What was ignored before stays ignored (background jobs,
/// nohup). For the thread that made it, and programs it starts must call restore() before exec.
class HeldSignals {
 public:
  HeldSignals();
  ~HeldSignals();
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  /// The signal that asks to stop if one has come by now, else the one of before, else 0.
  int asked_to_stop();
  /// Waits for the next signal, at most so many seconds: SIGCHLD, one that asks to stop, or 0 when none
  /// came.
  int wait(double seconds);
  /// Gives the calling thread the signals of before; safe after fork().
  void restore() const;

 private:
  sigset_t held_;
  sigset_t before_;
  int stop_ = 0;
};

}  // namespace muster
