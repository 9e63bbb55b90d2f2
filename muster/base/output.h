#pragma once

#include <fmt/core.h>

#include <string_view>

#include "muster/base/printable.h"

namespace muster::inline base {

/// Writes a result to standard output as it is. Throws FileError where it cannot be written: at once, or with
/// flush_output().
void write_output(std::string_view text);

/// The same for a format and its values, whose texts are made printable. Not for JSON.
template <typename... Values>
void print_output(fmt::format_string<Values...> format, Values&&... values) {
  write_output(fmt::vformat(format, fmt::make_format_args(printable_value(values)...)));
}

/// Throws FileError when anything that was written to standard output did not get there.
void flush_output();

}  // namespace muster::inline base
