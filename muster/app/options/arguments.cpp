#include "muster/app/options/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "muster/app/keys/catalogue.h"
#include "muster/base/error.h"
#include "muster/base/nearest_word.h"

namespace muster::inline app {

namespace {

// Also what other programs take for a boolean, so that the error about it names the key.
bool looks_boolean(std::string_view word) {
  constexpr std::string_view words[] = {"true", "false", "yes",  "no",    "on",   "off",
                                        "1",    "0",     "True", "False", "TRUE", "FALSE"};
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

// Flags may have '-' or '_' between their words.
std::string with_hyphens(std::string_view name) {
  std::string text(name);
  std::replace(text.begin(), text.end(), '_', '-');
  return text;
}

// Walks over the words; a flag may take the next one as its value.
class Parser {
 public:
  Parser(const Catalogue& catalogue, const std::vector<std::string>& words,
         const std::vector<CommandFlag>& flags)
      : catalogue_(catalogue), words_(words), flags_(flags) {}

  Arguments parse(size_t most_positional) {
    while (at_ < words_.size()) {
      const std::string& word = words_[at_++];
      if (word == "-h") {
        result_.flags["help"] = "";
      } else if (const CommandFlag* const own = flag_of_letter(word)) {
        take_own(*own, std::nullopt);
      } else if (word.starts_with("--") && word.size() > 2) {
        take_flag(std::string_view(word).substr(2));
      } else {
        take_positional(word, most_positional);
      }
    }
    return std::move(result_);
  }

 private:
  const CommandFlag* flag_of_letter(std::string_view word) const {
    if (word.size() != 2 || word[0] != '-') return nullptr;
    const auto own = std::find_if(flags_.begin(), flags_.end(),
                                  [&](const auto& flag) { return flag.form.letter == word.substr(1); });
    return own == flags_.end() ? nullptr : &*own;
  }

  void take_positional(const std::string& word, size_t most) {
    if (word.starts_with("-") && word.size() > 1)
      throw OptionError("command line", shown(word), "flags begin with two dashes, as in --run.steps 100");
    if (result_.positional.size() == most)
      throw OptionError("command line", shown(word),
                        most == 0
                            ? "no file is expected here; keys begin with two dashes, as in --run.steps 100"
                            : "one file is enough here; keys begin with two dashes, as in --run.steps 100");
    result_.positional.push_back(word);
  }

  void take_flag(std::string_view text) {
    const auto equals = text.find('=');
    const std::string_view name = text.substr(0, equals);
    std::optional<std::string> value;
    if (equals != std::string_view::npos) value = std::string(text.substr(equals + 1));
    const auto own = std::find_if(flags_.begin(), flags_.end(), [&](const auto& flag) {
      return with_hyphens(flag.name) == with_hyphens(name);
    });
    if (own != flags_.end()) {
      take_own(*own, std::move(value));
    } else {
      take_setting(name, std::move(value));
    }
  }

  void take_own(const CommandFlag& flag, std::optional<std::string> value) {
    const std::string name(flag.name);
    if (flag.value.starts_with("[=")) {
      const std::string_view only = flag.value.substr(2, flag.value.size() - 3);
      if (value && *value != only)
        throw OptionError("--" + name, shown(*value), fmt::format("use --{0} or --{0}={1}", name, only));
    } else if (!flag.value.empty()) {
      if (!value) value = next_value(name, flag.value, flag.form.any_word);
      if (value->empty())
        throw OptionError("--" + name, "''", fmt::format("must be followed by a {}", flag.value));
    } else if (value) {
      throw OptionError("--" + name, shown(*value), "takes no value");
    }
    if (flag.form.repeats)
      result_.repeated[name].push_back(*std::move(value));
    else
      result_.flags[name] = value.value_or("");
  }

  void take_setting(std::string_view name, std::optional<std::string> value) {
    const Key& key = known_key(name, value ? *value : next_or_nothing());
    if (!value && key.type == ValueType::boolean) {
      const bool follows = at_ < words_.size() && looks_boolean(words_[at_]);
      value = follows ? words_[at_++] : "true";
    }
    if (!value) value = next_value(key.name, describe(key.type));
    result_.settings.push_back({key.name, *std::move(value)});
  }

  // A command's own flag, misspelt, is suggested where no key is nearer.
  const Key& known_key(std::string_view name, std::string_view value) const {
    try {
      return catalogue_.find_key(name, value);
    } catch (const OptionError&) {
      std::vector<std::string> own;
      for (const CommandFlag& flag : flags_) own.emplace_back(flag.name);
      const std::string nearest = name.find('.') == std::string_view::npos ? nearest_word(name, own) : "";
      if (nearest.empty()) throw;
      if (catalogue_.has_key_called(name)) throw;
      throw OptionError(fmt::format("--{}", shown(name)), value.empty() ? "(no value)" : shown(value),
                        fmt::format("there is no such key; did you mean --{}?", nearest));
    }
  }

  std::string next_or_nothing() const {
    return at_ < words_.size() && !words_[at_].starts_with("--") ? words_[at_] : "(no value)";
  }

  std::string next_value(std::string_view name, std::string_view what, bool any_word = false) {
    if (at_ == words_.size() || (words_[at_].starts_with("--") && !any_word))
      throw OptionError(fmt::format("--{}", name), "(no value)", fmt::format("must be followed by {}", what));
    return words_[at_++];
  }

  const Catalogue& catalogue_;
  const std::vector<std::string>& words_;
  const std::vector<CommandFlag>& flags_;
  size_t at_ = 0;
  Arguments result_;
};

}  // namespace

std::optional<std::string> Arguments::flag(std::string_view name) const {
  const auto found = flags.find(name);
  return found == flags.end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::string> Arguments::all(std::string_view flag) const {
  const auto found = repeated.find(flag);
  return found == repeated.end() ? std::vector<std::string>() : found->second;
}

std::optional<std::string> Arguments::first() const {
  return positional.empty() ? std::nullopt : std::optional(positional.front());
}

Arguments parse_arguments(const Catalogue& catalogue, const std::vector<std::string>& words,
                          const std::vector<CommandFlag>& flags, size_t most_positional) {
  return Parser(catalogue, words, flags).parse(most_positional);
}

}  // namespace muster::inline app
