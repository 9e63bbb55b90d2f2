#pragma once

#include <string>
#include <vector>

#include "muster/app/processes/held_signals.h"

namespace muster {

/// Runs a training (a path and its words) to its end, with what it says in the file `log`; on a terminal a
/// line that begins with `label` shows how far it is. A signal that asks us to stop is handed on to it.
/// Returns its exit code, or 128 + the signal. Throws Error when it cannot be started.
int run_watched(const std::vector<std::string>& command, const std::string& log, const std::string& label,
                HeldSignals& signals);

/// What a training said at its end but for its progress: at most so many lines.
std::vector<std::string> last_words(const std::string& log, size_t most);

}  // namespace muster
