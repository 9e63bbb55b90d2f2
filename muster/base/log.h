#pragma once

#include <fmt/core.h>

#include <string_view>

#include "muster/base/printable.h"

namespace muster::inline base {

/// Writes a text to standard error, on a terminal as line_wrap.h breaks it. A text that cannot be written (a
/// full device, a closed pipe) is dropped: a failing log never ends the program.
void write_log(std::string_view text) noexcept;

/// The same for a format and its values, whose texts are made printable.
template <typename... Values>
void print_log(fmt::format_string<Values...> format, Values&&... values) {
  write_log(fmt::vformat(format, fmt::make_format_args(printable_value(values)...)));
}

}  // namespace muster::inline base
