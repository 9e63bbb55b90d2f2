#pragma once

#include <fmt/core.h>

#include <string_view>
#include <utility>

namespace muster {

/// Writes a text to standard error as it is. A text that cannot be written (a full device, a closed stream)
/// is dropped: what a program says of its work never ends the work.
void write_log(std::string_view text) noexcept;

/// The same for a format and its values.
template <typename... Values>
void print_log(fmt::format_string<Values...> format, Values&&... values) {
  write_log(fmt::format(format, std::forward<Values>(values)...));
}

}  // namespace muster
