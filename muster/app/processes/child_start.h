#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "muster/app/processes/held_signals.h"

namespace muster::inline app {

/// Exit code of a child that could not become its program.
constexpr int exit_not_started = 127;

/// Where a child's output goes. Its standard input is empty.
struct ChildOutput {
  std::string output;  ///< a file; empty: dropped
  std::string errors;  ///< a file; empty: ours
};

/// Starts a program (a path and its words) with the signal mask from before `signals`. The child gets SIGTERM
/// when this process dies in any way. Throws Error when no process can be made.
pid_t start_child(const std::vector<std::string>& command, const ChildOutput& to, const HeldSignals& signals);

/// Of a status that waitpid gave: the exit code, 128 + signal where a signal ended it.
int exit_code(int status);

}  // namespace muster::inline app
