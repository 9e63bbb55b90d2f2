#pragma once

namespace muster::inline base {

/// Whether a line on the descriptor can be overwritten: it is a terminal, and TERM names one that understands
/// more than plain text (not "dumb", not empty).
bool is_live_terminal(int descriptor);

/// Columns of the terminal behind a descriptor, 80 where it does not tell; 0 when it is none.
int terminal_width(int descriptor);

/// Whether to write in colour there: on a live terminal, unless NO_COLOR is set (https://no-color.org).
bool is_colour_wanted(int descriptor);

}  // namespace muster::inline base
