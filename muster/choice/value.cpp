#include "muster/choice/value.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <type_traits>

#include "muster/base/error.h"
#include "muster/base/printable.h"

namespace muster::inline choice {

namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

[[noreturn]] void refuse(ValueType type, std::string_view field, std::string_view text) {
  throw OptionError(field, shown(text), fmt::format("must be {}", describe(type)));
}

bool parse_boolean(std::string_view field, std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  refuse(ValueType::boolean, field, text);
}

// `whole` is what the user wrote, for the message; `text` the number in it.
template <class T>
T parse_number(ValueType type, std::string_view field, std::string_view text, std::string_view whole) {
  text = trimmed(text);
  std::string_view digits = text;
  if (digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);
  T number{};
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (problem == std::errc::result_out_of_range)
    throw OptionError(
        field, shown(whole),
        std::is_integral_v<T> ? "must fit into 64 bits" : "must fit into a double-precision number");
  if (problem != std::errc{} || end != digits.data() + digits.size()) refuse(type, field, whole);
  if constexpr (std::is_floating_point_v<T>) {
    if (!std::isfinite(number)) throw OptionError(field, shown(whole), "must be finite");
  }
  return number;
}

template <class T>
std::vector<T> parse_list(ValueType type, std::string_view field, std::string_view text) {
  std::string_view rest = trimmed(text);
  if (rest.starts_with('[') && rest.ends_with(']')) rest = trimmed(rest.substr(1, rest.size() - 2));
  std::vector<T> list;
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    list.push_back(parse_number<T>(type, field, rest.substr(0, comma), text));
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
    if (trimmed(rest).empty()) refuse(type, field, text);
  }
  return list;
}

template <class T>
std::string join(const std::vector<T>& list, std::string_view separator) {
  return fmt::format("{}", fmt::join(list, separator));
}

}  // namespace

std::string_view describe(ValueType type) {
  switch (type) {
    case ValueType::boolean:
      return "true or false";
    case ValueType::integer:
      return "a whole number, such as 12";
    case ValueType::real:
      return "a number, such as 0.1 or 1e-3";
    case ValueType::text:
      return "a text";
    case ValueType::integers:
      return "whole numbers separated by commas, such as 100,200";
    case ValueType::reals:
      return "numbers separated by commas, such as 0.7,1.3";
  }
  throw Bug("describe: unknown type");
}

std::string_view placeholder(ValueType type) {
  switch (type) {
    case ValueType::boolean:
      return "true|false";
    case ValueType::integer:
      return "INTEGER";
    case ValueType::real:
      return "NUMBER";
    case ValueType::text:
      return "TEXT";
    case ValueType::integers:
      return "INTEGER,...";
    case ValueType::reals:
      return "NUMBER,...";
  }
  throw Bug("placeholder: unknown type");
}

Value parse_value(ValueType type, std::string_view field, std::string_view text) {
  switch (type) {
    case ValueType::boolean:
      return parse_boolean(field, trimmed(text));
    case ValueType::integer:
      return parse_number<int64_t>(type, field, text, text);
    case ValueType::real:
      return parse_number<double>(type, field, text, text);
    case ValueType::text:
      return std::string(text);
    case ValueType::integers:
      return parse_list<int64_t>(type, field, text);
    case ValueType::reals:
      return parse_list<double>(type, field, text);
  }
  throw Bug("parse_value: unknown type");
}

std::string format_json(const Value& value) {
  return std::visit(
      [](const auto& held) -> std::string {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::monostate>)
          return "null";
        else
          return nlohmann::json(held).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
      },
      value);
}

// A TOML basic string is a JSON string (without surrogates), and so are its numbers, booleans and arrays.
// JSON leaves DEL as it is, which TOML forbids.
std::string format_toml(const Value& value) {
  if (std::holds_alternative<std::monostate>(value)) return {};
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
  if (const auto* reals = std::get_if<std::vector<double>>(&value)) return "[" + join(*reals, ", ") + "]";
  if (const auto* integers = std::get_if<std::vector<int64_t>>(&value))
    return "[" + join(*integers, ", ") + "]";
  std::string text = format_json(value);
  for (size_t at = text.find('\x7f'); at != std::string::npos; at = text.find('\x7f', at))
    text.replace(at, 1, "\\u007F");
  return text;
}

std::string format_plain(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* reals = std::get_if<std::vector<double>>(&value)) return join(*reals, ",");
  if (const auto* integers = std::get_if<std::vector<int64_t>>(&value)) return join(*integers, ",");
  return format_toml(value);
}

std::string shown(std::string_view text) {
  constexpr size_t longest = 80;
  if (text.empty()) return "''";
  if (text.size() <= longest) return printable(text);
  size_t end = longest;  // not within a character
  while (end > longest - 4 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  return printable(text.substr(0, end)) + "...";
}

}  // namespace muster::inline choice
