#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "muster/app/options/arguments.h"

namespace muster::inline app {

/// Which numbers a flag accepts.
enum class Sign { any, not_negative, positive };

/// Reads the values of a command's flags as numbers and words. Each reader returns nothing where the flag was
/// not given, and throws OptionError, naming flag, value and remedy, where the value is of another form.
class FlagReader {
 public:
  /// Borrows `arguments`.
  explicit FlagReader(const Arguments& arguments) : arguments_(arguments) {}

  bool has(std::string_view name) const { return arguments_.has(name); }
  std::optional<std::string> text(std::string_view name) const { return arguments_.flag(name); }
  /// `field`: what messages call it, if not "--name".
  std::optional<int64_t> integer(std::string_view name, int64_t least, int64_t most,
                                 std::string_view field = "") const;
  /// At least one.
  std::optional<std::vector<int64_t>> integers(std::string_view name, int64_t least, int64_t most) const;
  std::optional<double> real(std::string_view name, Sign sign = Sign::any) const;
  /// `unit`: "seconds", for the message.
  std::optional<double> real_within(std::string_view name, double least, double most,
                                    std::string_view unit) const;
  /// At least one.
  std::optional<std::vector<double>> reals(std::string_view name, Sign sign = Sign::any) const;
  /// "90min" in seconds.
  std::optional<double> duration(std::string_view name, Sign sign) const;
  /// One of `words`; the message names the nearest.
  std::optional<std::string> word(std::string_view name, const std::vector<std::string>& words) const;
  /// What the word stands for.
  template <class Meanings>
  auto meaning(std::string_view name, const Meanings& meanings) const
      -> std::optional<typename Meanings::value_type::second_type> {
    std::vector<std::string> words;
    for (const auto& [word, stands_for] : meanings) words.emplace_back(word);
    const auto given = word(name, words);
    for (const auto& [word, stands_for] : meanings)
      if (given && word == *given) return stands_for;
    return std::nullopt;
  }

 private:
  const Arguments& arguments_;
};

/// "26.7h", "90min", "72000s", "2d" in seconds. Throws OptionError (`field`).
double parse_duration(const std::string& field, std::string_view text);

}  // namespace muster::inline app
