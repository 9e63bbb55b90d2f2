#pragma once

#include <string>
#include <vector>

namespace muster {

/// Path of `muster-engine`, the program beside this one (or in ../libexec/muster/) that knows LibTorch.
/// Throws Error when there is none.
std::string engine_path();

/// Tells numeric libraries of programs started from here to start no threads of their own: the workers are
/// the threads.
void keep_libraries_single_threaded();

/// Replaces this process by `muster-engine COMMAND WORDS...`. Throws Error when there is none; does not
/// return otherwise.
[[noreturn]] void hand_to_engine(const std::string& command, const std::vector<std::string>& words);

}  // namespace muster
