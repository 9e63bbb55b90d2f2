#pragma once

#include <signal.h>

namespace muster {

/// While it lives, SIGINT (Ctrl-C), SIGTERM and SIGCHLD wait until they are asked for, so that a command that
/// runs other programs ends in good order. A SIGINT that was ignored before stays ignored (background jobs).
/// For the thread that made it, and programs it starts must call restore() before exec.
class HeldSignals {
 public:
  HeldSignals();
  ~HeldSignals();
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  /// SIGINT or SIGTERM if one has come by now, else the one of before, else 0.
  int asked_to_stop();
  /// Waits for the next signal, at most so many seconds: SIGCHLD, SIGINT, SIGTERM, or 0 when none came.
  int wait(double seconds);
  /// Gives the calling thread the signals of before; safe after fork().
  void restore() const;

 private:
  sigset_t held_;
  sigset_t before_;
  int stop_ = 0;
};

}  // namespace muster
