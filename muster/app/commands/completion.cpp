#include "muster/app/commands/completion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <set>
#include <string_view>
#include <vector>

#include "muster/app/commands/help_list.h"

namespace muster::inline app {

namespace {

/// A flag or key of a command.
struct Option {
  std::string name;  ///< without the dashes
  std::string meaning;
  bool takes_value = false;
  std::vector<std::string> words;  ///< its values, where they are known
};

std::vector<std::string> words_of(const CommandFlag& flag) {
  std::vector<std::string> words;
  const std::string_view value = flag.value;
  if (value.find('|') == std::string_view::npos || value.find(' ') != std::string_view::npos) return words;
  for (size_t at = 0; at <= value.size();) {
    const size_t end = std::min(value.find('|', at), value.size());
    words.emplace_back(value.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

std::vector<std::string> words_of(const Key& key) {
  return key.type == ValueType::boolean ? std::vector<std::string>{"true", "false"} : key.words;
}

// The first sentence is enough beside a word.
std::string first_sentence(std::string_view text) {
  const size_t end = text.find(". ");
  return std::string(text.substr(0, end == std::string_view::npos ? text.size() : end));
}

std::vector<Option> options_of(const Catalogue& catalogue, const CommandHelp& help) {
  std::vector<Option> options;
  for (const CommandFlag& flag : help.flags)
    options.push_back({std::string(flag.name), first_sentence(flag.meaning),
                       !flag.value.empty() && !flag.value.starts_with('['), words_of(flag)});
  for (const Key* key : keys_of(catalogue, help))
    options.push_back(
        {key->name, first_sentence(key->meaning), key->type != ValueType::boolean, words_of(*key)});
  return options;
}

std::string names_of(const std::vector<Option>& options) {
  std::vector<std::string> names;
  for (const Option& option : options) names.push_back("--" + option.name);
  return fmt::format("{}", fmt::join(names, " "));
}

bool is_study(const HelpEntry& entry) { return entry.command.starts_with("study "); }

std::vector<std::string> command_names() {
  std::vector<std::string> names;
  for (const HelpEntry& entry : all_help())
    if (!is_study(entry)) names.emplace_back(entry.command);
  names.emplace_back("help");
  return names;
}

std::vector<std::string> study_names() {
  std::vector<std::string> names;
  for (const HelpEntry& entry : all_help())
    if (is_study(entry)) names.emplace_back(entry.command.substr(6));
  return names;
}

/// Values by option, where all commands that have it agree on them.
std::map<std::string, std::vector<std::string>> known_values(const Catalogue& catalogue) {
  std::map<std::string, std::vector<std::string>> values;
  std::set<std::string> contradictory;
  for (const HelpEntry& entry : all_help())
    for (const Option& option : options_of(catalogue, *entry.help)) {
      const auto [found, fresh] = values.emplace(option.name, option.words);
      if (!fresh && found->second != option.words) contradictory.insert(option.name);
    }
  std::erase_if(values,
                [&](const auto& item) { return item.second.empty() || contradictory.contains(item.first); });
  return values;
}

/// A case statement of a shell that sets `variable` to the options of `command`.
std::string options_by_command(const Catalogue& catalogue, const std::string& indent) {
  std::string text;
  for (const HelpEntry& entry : all_help())
    text += fmt::format("{}\"{}\") options=\"{}\" ;;\n", indent, entry.command,
                        names_of(options_of(catalogue, *entry.help)));
  return text;
}

std::string values_by_option(const Catalogue& catalogue, const std::string& indent) {
  std::string text;
  for (const auto& [name, words] : known_values(catalogue))
    text += fmt::format("{}--{}) values=\"{}\" ;;\n", indent, name, fmt::join(words, " "));
  return text;
}

/// Quotes a text for POSIX shells and zsh: in single quotes, with ' as '\''.
std::string zsh_quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

// Quotes a text for fish, which escapes ' and \ with a backslash inside single quotes.
std::string quoted_for_fish(std::string_view text) {
  std::string result = "'";
  for (const char c : text) result += (c == '\'' || c == '\\') ? std::string("\\") + c : std::string(1, c);
  return result + "'";
}

// What stands behind -- of `muster launch ... -- train ...` is a command of its own; the two shells differ in
// where they keep the words and count them.
constexpr const char* launched_command = R"(  local command="" options="" values="" at first={0}
  for ((at = {0}; at < {1}; ++at)); do
    if [[ ${{words[at]}} == -- ]]; then first=$((at + 1)); fi
    if [[ ${{words[at]}} == muster && at -gt {0} ]]; then first=$((at + 1)); fi
  done
  if (({1} == first)); then {2}; return; fi
  command=${{words[first]}}
  if [[ $command == help ]]; then {2}; return; fi
  if [[ $command == study ]]; then
    if (({1} == first + 1)); then {3}; return; fi
    command="study ${{words[first + 1]}}"
  fi
)";

}  // namespace

std::string bash_completion(const Catalogue& catalogue) {
  std::string text =
      "# Completion of muster for bash, made by `muster completion bash`. Try it: source <(muster completion "
      "bash)\n"
      "_muster() {\n"
      "  local words=(\"${COMP_WORDS[@]}\") current=${COMP_WORDS[COMP_CWORD]} "
      "previous=${COMP_WORDS[COMP_CWORD - "
      "1]}\n"
      "  COMPREPLY=()\n";
  text += fmt::format(
      fmt::runtime(launched_command), 1, "COMP_CWORD",
      fmt::format("COMPREPLY=($(compgen -W \"{}\" -- \"$current\"))", fmt::join(command_names(), " ")),
      fmt::format("COMPREPLY=($(compgen -W \"{}\" -- \"$current\"))", fmt::join(study_names(), " ")));
  text += "  case $previous in\n" + values_by_option(catalogue, "    ") + "  esac\n";
  text += "  if [[ $command == completion ]]; then values=\"bash zsh fish man\"; fi\n";
  text +=
      "  if [[ -n $values && $current != -* ]]; then COMPREPLY=($(compgen -W \"$values\" -- \"$current\")); "
      "return; fi\n";
  text += "  case $command in\n" + options_by_command(catalogue, "    ") + "  esac\n";
  text +=
      "  if [[ $current == -* ]]; then COMPREPLY=($(compgen -W \"$options\" -- \"$current\")); fi\n"
      "}\n"
      "complete -o default -F _muster muster\n";
  return text;
}

std::string zsh_completion(const Catalogue& catalogue) {
  std::string text =
      "#compdef muster\n"
      "# Completion of muster for zsh, made by `muster completion zsh`. Try it: source <(muster completion "
      "zsh)\n"
      "_muster() {\n"
      "  local -a commands\n"
      "  commands=(\n";
  for (const HelpEntry& entry : all_help())
    if (!is_study(entry))
      text += "    " + zsh_quoted(fmt::format("{}:{}", entry.command, entry.summary)) + "\n";
  text += "    'help:what a command does, and every key it knows'\n  )\n";
  text += "  local current=${words[CURRENT]} previous=${words[CURRENT - 1]}\n";
  text += fmt::format(fmt::runtime(launched_command), 2, "CURRENT", "_describe command commands",
                      fmt::format("compadd -- {}", fmt::join(study_names(), " ")));
  text += "  case $previous in\n" + values_by_option(catalogue, "    ") + "  esac\n";
  text += "  if [[ $command == completion ]]; then values=\"bash zsh fish man\"; fi\n";
  text += "  if [[ -n $values && $current != -* ]]; then compadd -- ${=values}; return; fi\n";
  text += "  case $command in\n" + options_by_command(catalogue, "    ") + "  esac\n";
  text +=
      "  if [[ $current == -* ]]; then compadd -- ${=options}; else _files; fi\n"
      "}\n"
      "if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _muster \"$@\"; else compdef _muster muster; "
      "fi\n";
  return text;
}

std::string fish_completion(const Catalogue& catalogue) {
  std::string text =
      "# Completion of muster for fish, made by `muster completion fish`. Try it: muster completion fish | "
      "source\n";
  for (const HelpEntry& entry : all_help()) {
    if (is_study(entry)) {
      const std::string study(entry.command.substr(6));
      text += fmt::format(
          "complete -c muster -f -n '__fish_seen_subcommand_from study; and not "
          "__fish_seen_subcommand_from {}' -a {} -d {}\n",
          fmt::join(study_names(), " "), study, quoted_for_fish(entry.summary));
    } else {
      text += fmt::format("complete -c muster -f -n __fish_use_subcommand -a {} -d {}\n", entry.command,
                          quoted_for_fish(entry.summary));
    }
    const std::string_view last = is_study(entry) ? entry.command.substr(6) : entry.command;
    for (const Option& option : options_of(catalogue, *entry.help)) {
      text += fmt::format("complete -c muster -n '__fish_seen_subcommand_from {}' -l {}", last, option.name);
      if (!option.words.empty())
        text += fmt::format(" -x -a {}", quoted_for_fish(fmt::format("{}", fmt::join(option.words, " "))));
      else if (option.takes_value)
        text += " -r";
      text += fmt::format(" -d {}\n", quoted_for_fish(option.meaning));
    }
  }
  text += "complete -c muster -f -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish man'\n";
  return text;
}

}  // namespace muster::inline app
