#pragma once

#include <string>

namespace muster {

/// Scripts that complete the command line of `muster`: commands, their flags and keys, and the words that a
/// key knows; file names elsewhere. Made of the list of all_help().
std::string bash_completion();
std::string zsh_completion();
std::string fish_completion();

}  // namespace muster
