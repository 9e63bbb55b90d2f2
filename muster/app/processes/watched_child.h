#pragma once

#include <string>
#include <vector>

#include "muster/app/processes/held_signals.h"

namespace muster::inline app {

/// Runs a training (a path and its words) to its end, with its output in the file `log`; on a terminal a line
/// that begins with `label` shows its progress. A signal that asks us to stop is passed on to it. Returns its
/// exit code, or 128 + the signal. Throws Error when it cannot be started.
int run_watched(const std::vector<std::string>& command, const std::string& log, const std::string& label,
                HeldSignals& signals);

/// The last lines of a training's log, at most `most`, without its progress.
std::vector<std::string> last_words(const std::string& log, size_t most);

}  // namespace muster::inline app
