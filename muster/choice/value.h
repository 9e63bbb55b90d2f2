#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace muster::inline choice {

/// The value of a key, whatever its type; monostate: not given.
using Value = std::variant<std::monostate, bool, int64_t, double, std::string, std::vector<int64_t>,
                           std::vector<double>>;

enum class ValueType { boolean, integer, real, text, integers, reals };

/// "an integer", "a list of numbers (0.7,1.3)": what an error asks for.
std::string_view describe(ValueType type);
/// "INTEGER", "LIST": what stands behind a flag in the help.
std::string_view placeholder(ValueType type);

/// Reads a value as it stands on the command line: true, 12, 1e-3, "a,b" lists, [a, b] lists. Throws
/// OptionError(field, text, ...) for another type, for numbers outside their type, and for infinite ones.
Value parse_value(ValueType type, std::string_view field, std::string_view text);

/// As TOML writes it; doubles in the shortest form that reads back to the same bits. Empty for monostate.
std::string format_toml(const Value& value);
/// As a person would type it on the command line.
std::string format_plain(const Value& value);
/// As JSON: null for monostate.
std::string format_json(const Value& value);

/// A user's text as an error may show it: one line, control characters escaped, cut after 80 characters.
std::string shown(std::string_view text);

}  // namespace muster::inline choice
