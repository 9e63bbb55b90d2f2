#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::inline app {

class Catalogue;

/// A key with its value, as the user wrote them.
struct Setting {
  std::string name;
  std::string text;
};

/// Unusual forms that a flag may take on the command line.
struct FlagForm {
  bool repeats = false;       ///< several times, each with a value: Arguments::all
  bool any_word = false;      ///< its value may begin with two dashes
  std::string_view letter{};  ///< "n": -n means the same
};

/// A flag that belongs to one command and is no key: --json, --csv FILE.
struct CommandFlag {
  std::string_view name;   ///< without the dashes
  std::string_view value;  ///< what stands behind it, "FILE"; "" for none; "[=all]": only that, or nothing
  std::string_view meaning;
  FlagForm form{};
};

/// The words behind a command, sorted.
struct Arguments {
  std::vector<std::string> positional;
  std::vector<Setting> settings;                          ///< --section.key value, in order, full names
  std::map<std::string, std::string, std::less<>> flags;  ///< the command's own, "" where there is no value
  std::map<std::string, std::vector<std::string>, std::less<>> repeated;  ///< those that repeat, in order

  bool has(std::string_view flag) const { return flags.find(flag) != flags.end(); }
  std::optional<std::string> flag(std::string_view name) const;
  /// The values of a flag that repeats.
  std::vector<std::string> all(std::string_view flag) const;
  /// The first positional word.
  std::optional<std::string> first() const;
};

/// Sorts `words` into positional ones, the command's own flags and settings of keys: "--key value",
/// "--key=value", and a boolean key alone ("--run.resume" is true). -h is --help. Keys are resolved to full
/// names; their values are not looked at. Throws OptionError: unknown key, missing value, more than
/// `most_positional` words of their own.
Arguments parse_arguments(const Catalogue& catalogue, const std::vector<std::string>& words,
                          const std::vector<CommandFlag>& flags, size_t most_positional);

}  // namespace muster::inline app
