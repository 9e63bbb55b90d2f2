#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "muster/app/launch/rank_process.h"
#include "muster/app/processes/held_signals.h"
#include "muster/rendezvous/sockets.h"

namespace muster::inline app {

/// A `muster launch` that this process starts. Its output on both streams goes to our standard error and to
/// take_lines(); signals are passed on to it. The destructor kills it if it still runs.
class LaunchedRun {
 public:
  /// `command`: its first word is a program as find_program() takes it. Throws OptionError when there is
  /// none.
  LaunchedRun(const std::vector<std::string>& command, HeldSignals& signals);

  pid_t pid() const { return process_->pid(); }
  /// Waits so many seconds, or fewer when it ends or a signal comes.
  void pass(double seconds);
  bool over() const { return ending_.has_value(); }
  /// The signal that asked us to stop when one has come, else 0.
  int asked_to_stop() const { return stop_; }
  void ask_to_end();
  /// The whole lines of its output since the last call.
  std::vector<std::string> take_lines();
  /// REQUIRES: over().
  int exit_code() const { return ending_->code; }

 private:
  void read();
  void take_signals();

  HeldSignals& signals_;
  FileDescriptor said_;
  std::unique_ptr<RankProcess> process_;
  std::string begun_;  ///< a line whose end has not come yet
  std::vector<std::string> lines_;
  std::optional<Ending> ending_;
  int stop_ = 0;
};

}  // namespace muster::inline app
