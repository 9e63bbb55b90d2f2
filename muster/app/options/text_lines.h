#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "muster/app/options/terminal_text.h"

namespace muster::inline app {

/// Breaks a text at blanks into lines of at most `width` characters, each beginning with `start` and ending
/// with a line feed. A longer word stands alone on its line.
std::string wrapped(std::string_view text, std::string_view start, size_t width = line_width());

/// The same with other white space before all lines but the first.
std::string wrapped_hanging(std::string_view text, std::string_view start, std::string_view later,
                            size_t width = line_width());

/// Text in paragraphs, whose line breaks do not count, each wrapped to `width`. Lines that begin with two
/// blanks keep theirs: a long command ("  muster ...") is broken for a shell, with a backslash; any other
/// continues under the second word of the line.
std::string reflowed(std::string_view text, size_t width);

}  // namespace muster::inline app
