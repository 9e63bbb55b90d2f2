#pragma once

#include <string>
#include <string_view>
#include <type_traits>

namespace muster::inline base {

/// A text as a terminal may show it: control characters, bytes that are no UTF-8, and marks that turn the
/// direction of writing become `\x1b` and the like. `kept`: control characters that stay.
std::string printable(std::string_view text, std::string_view kept = "");

/// For the values of a format: texts are made printable, lines stay lines; other values are as they are.
template <typename Value>
decltype(auto) printable_value(const Value& value) {
  if constexpr (std::is_convertible_v<const Value&, std::string_view>)
    return printable(std::string_view(value), "\n\t");
  else
    return (value);
}

}  // namespace muster::inline base
