#pragma once

#include <string>
#include <vector>

#include "muster/app/processes/held_signals.h"
#include "muster/base/lock_file.h"

namespace muster::inline app {

/// Runs a program (a path and its words) to its end: its standard output is dropped, its standard error is
/// ours. A signal that asks us to stop is passed on to it as SIGTERM, which it also gets when this process
/// dies in any way. Returns its exit code, 128 + signal where a signal ended it. Throws Error when it cannot
/// be started.
int run_child(const std::vector<std::string>& command, HeldSignals& signals);

/// Waits until no process holds the lock of a run's folder (flock on FOLDER/.lock), such as one that is still
/// writing its checkpoint: at most `seconds`, or until asked to stop. Returns whether it is free. Throws
/// FileError when that cannot be found out.
bool wait_until_unlocked(const std::string& folder, double seconds, HeldSignals& signals);

/// Keeps other processes out of a folder (flock on FOLDER/.lock) for as long as it lives.
class FolderClaim {
 public:
  /// Throws FileError when another process has it, or it cannot be had.
  explicit FolderClaim(const std::string& folder);

 private:
  LockFile lock_;
};

}  // namespace muster::inline app
