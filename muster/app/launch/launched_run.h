#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "muster/app/launch/rank_process.h"
#include "muster/app/processes/held_signals.h"
#include "muster/rendezvous/sockets.h"

namespace muster {

/// A `muster launch` started from here. What it says on either stream goes to our standard error, and can be
/// read along; signals are handed on to it. It is killed when it still runs at the end of this object's life.
class LaunchedRun {
 public:
  /// `command`: its first word is a program as find_program() takes it. Throws OptionError when there is
  /// none.
  LaunchedRun(const std::vector<std::string>& command, HeldSignals& signals);

  pid_t pid() const { return process_->pid(); }
  /// Lets so many seconds pass, or fewer when it has ended or a signal came.
  void pass(double seconds);
  bool over() const { return ending_.has_value(); }
  /// The signal that asked us to stop when one has come, else 0.
  int asked_to_stop() const { return stop_; }
  void ask_to_end();
  /// Whole lines that it has said since the last call.
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

}  // namespace muster
