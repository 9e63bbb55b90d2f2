#pragma once

#include <string>

namespace muster::inline app {

class Catalogue;

/// Scripts that complete the command line of `muster`: commands, their flags and keys, and the words that a
/// key knows; file names elsewhere. Made of the list of all_help().
std::string bash_completion(const Catalogue& catalogue);
std::string zsh_completion(const Catalogue& catalogue);
std::string fish_completion(const Catalogue& catalogue);

}  // namespace muster::inline app
