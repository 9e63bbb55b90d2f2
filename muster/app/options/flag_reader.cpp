#include "muster/app/options/flag_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "muster/base/error.h"
#include "muster/base/nearest_word.h"
#include "muster/choice/value.h"

namespace muster::inline app {

namespace {

std::string field_of(std::string_view name) { return "--" + std::string(name); }

std::optional<int64_t> whole_number(const std::string& text) {
  try {
    return std::get<int64_t>(parse_value(ValueType::integer, "", text));
  } catch (const OptionError&) {
    return std::nullopt;  // the caller's message also gives the range
  }
}

template <class T>
T parsed(ValueType type, std::string_view name, const std::string& text) {
  return std::get<T>(parse_value(type, field_of(name), text));
}

void check_range(const std::string& field, const std::string& shown_value, int64_t value, int64_t least,
                 int64_t most) {
  if (value < least || value > most)
    throw OptionError(field, shown_value, fmt::format("must be from {} to {}", least, most));
}

void check_sign(std::string_view name, const std::string& text, double value, Sign sign) {
  if (sign == Sign::not_negative && !(value >= 0))
    throw OptionError(field_of(name), shown(text), "must be at least 0");
  if (sign == Sign::positive && !(value > 0))
    throw OptionError(field_of(name), shown(text), "must be above 0");
}

}  // namespace

std::optional<int64_t> FlagReader::integer(std::string_view name, int64_t least, int64_t most,
                                           std::string_view field) const {
  const auto given = text(name);
  if (!given) return std::nullopt;
  const std::string called = field.empty() ? field_of(name) : std::string(field);
  const auto value = whole_number(*given);
  if (!value)
    throw OptionError(called, shown(*given),
                      fmt::format("must be a whole number from {} to {}", least, most));
  check_range(called, shown(*given), *value, least, most);
  return value;
}

std::optional<std::vector<int64_t>> FlagReader::integers(std::string_view name, int64_t least,
                                                         int64_t most) const {
  const auto given = text(name);
  if (!given) return std::nullopt;
  auto values = parsed<std::vector<int64_t>>(ValueType::integers, name, *given);
  if (values.empty())
    throw OptionError(field_of(name), shown(*given), "must be a whole number or several, such as 1,4,16");
  for (const int64_t value : values) check_range(field_of(name), std::to_string(value), value, least, most);
  return values;
}

std::optional<double> FlagReader::real(std::string_view name, Sign sign) const {
  const auto given = text(name);
  if (!given) return std::nullopt;
  const auto value = parsed<double>(ValueType::real, name, *given);
  check_sign(name, *given, value, sign);
  return value;
}

std::optional<double> FlagReader::real_within(std::string_view name, double least, double most,
                                              std::string_view unit) const {
  const auto value = real(name);
  if (value && (*value < least || *value > most))
    throw OptionError(field_of(name), shown(*text(name)),
                      fmt::format("must be from {} to {} {}", least, most, unit));
  return value;
}

std::optional<std::vector<double>> FlagReader::reals(std::string_view name, Sign sign) const {
  const auto given = text(name);
  if (!given) return std::nullopt;
  auto values = parsed<std::vector<double>>(ValueType::reals, name, *given);
  if (values.empty())
    throw OptionError(field_of(name), shown(*given), "must be a number or several, such as 5e-3,1e-3");
  for (const double value : values) check_sign(name, *given, value, sign);
  return values;
}

std::optional<double> FlagReader::duration(std::string_view name, Sign sign) const {
  const auto given = text(name);
  if (!given) return std::nullopt;
  const double seconds = parse_duration(field_of(name), *given);
  check_sign(name, *given, seconds, sign);
  return seconds;
}

std::optional<std::string> FlagReader::word(std::string_view name,
                                            const std::vector<std::string>& words) const {
  const auto given = text(name);
  if (!given || std::find(words.begin(), words.end(), *given) != words.end()) return given;
  throw OptionError(field_of(name), shown(*given), must_be_one_of(*given, words));
}

double parse_duration(const std::string& field, std::string_view text) {
  constexpr std::array<std::pair<std::string_view, double>, 8> units = {{{"us", 1e-6},
                                                                         {"ms", 1e-3},
                                                                         {"s", 1},
                                                                         {"m", 60},
                                                                         {"min", 60},
                                                                         {"h", 3600},
                                                                         {"hours", 3600},
                                                                         {"d", 86400}}};
  double number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  if (problem == std::errc() && number == 0 && unit.empty()) return 0;  // in any unit
  if (problem == std::errc() && std::isfinite(number))
    for (const auto& [name, factor] : units)
      if (name == unit) return number * factor;
  throw OptionError(field, shown(text), "must be a time with a unit, such as 26.7h, 90min, 0.75s or 20ms");
}

}  // namespace muster::inline app
