#include "muster/choice/field.h"

#include <fmt/format.h>

#include <algorithm>

#include "muster/base/error.h"
#include "muster/base/nearest_word.h"

namespace muster::inline choice {

void Field::check(std::string_view key, const Value& value) const {
  if (const auto* text = std::get_if<std::string>(&value)) {
    if (words.empty() && text->empty()) throw OptionError(key, "''", "must not be empty");
    if (!words.empty() && std::find(words.begin(), words.end(), *text) == words.end())
      throw OptionError(key, shown(*text), must_be_one_of(*text, words));
  }
  if (const auto* integer = std::get_if<int64_t>(&value))
    check_range(key, static_cast<double>(*integer), value);
  if (const auto* real = std::get_if<double>(&value)) check_range(key, *real, value);
  if (const auto* integers = std::get_if<std::vector<int64_t>>(&value))
    for (const int64_t number : *integers) check_range(key, static_cast<double>(number), value);
  if (const auto* reals = std::get_if<std::vector<double>>(&value))
    for (const double number : *reals) check_range(key, number, value);
  if (!also) return;
  if (const std::string remedy = also(value); !remedy.empty())
    throw OptionError(key, shown(format_plain(value)), remedy);
}

void Field::check_range(std::string_view key, double number, const Value& whole) const {
  const bool low_enough = highest_excluded ? number < highest : number <= highest;
  const bool high_enough = lowest_excluded ? number > lowest : number >= lowest;
  if (low_enough && high_enough) return;  // not so for a NaN
  throw OptionError(key, shown(format_plain(whole)), fmt::format("must be {}", range_text()));
}

std::string Field::default_text() const {
  if (std::holds_alternative<std::monostate>(usual)) return when_absent;
  const std::string text = format_plain(usual);
  return text.empty() ? "none" : text;
}

std::string Field::range_text() const {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const std::string low =
      lowest == -infinity ? "" : fmt::format("{} {}", lowest_excluded ? ">" : ">=", lowest);
  const std::string high =
      highest == infinity ? "" : fmt::format("{} {}", highest_excluded ? "<" : "<=", highest);
  if (low.empty() || high.empty()) return low + high;
  return low + " and " + high;
}

}  // namespace muster::inline choice
