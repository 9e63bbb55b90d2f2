#pragma once

#include <string>
#include <string_view>

namespace muster::inline base {

/// Breaks lines of more than `columns` characters at their blanks, so that a terminal breaks no word. Left as
/// they are: a word that is longer, lines that begin with two blanks (commands, lists), and a text that moves
/// the cursor or colours (carriage return, escape). 0 columns: nothing is broken.
std::string wrapped_at(std::string_view text, int columns);

}  // namespace muster::inline base
