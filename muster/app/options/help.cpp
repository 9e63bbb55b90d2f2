#include "muster/app/options/help.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "muster/app/keys/catalogue.h"
#include "muster/app/keys/keys.h"
#include "muster/app/options/text_lines.h"

namespace muster::inline app {

namespace {

constexpr std::string_view indent = "      ";

constexpr size_t columns = 80;

std::string words_of(const Key& key) { return fmt::format("{}", fmt::join(key.words, "|")); }

std::string key_text(const Key& key) {
  std::string head = fmt::format("  --{} {}", key.name,
                                 key.words.empty() ? std::string(placeholder(key.type)) : words_of(key));
  std::string meaning = key.meaning;
  if (head.size() > columns) {  // more words than fit
    head = fmt::format("  --{} WORD", key.name);
    meaning += fmt::format(" WORD is one of {}.", fmt::join(key.words, ", "));
  }
  std::string text = head + "\n" + wrapped(meaning, indent, columns);
  std::string facts = "default: " + key.default_text();
  if (!key.unit.empty()) facts += "; unit: " + key.unit;
  if (!key.range_text().empty()) facts += "; " + key.range_text();
  return text + wrapped(fmt::format("[{}]", facts), indent, columns);
}

std::string flag_text(const CommandFlag& flag) {
  const std::string blank = flag.value.empty() || flag.value.starts_with('[') ? "" : " ";
  return fmt::format("  --{}{}{}\n", flag.name, blank, flag.value) + wrapped(flag.meaning, indent, columns);
}

}  // namespace

std::string help_text(const Catalogue& catalogue, const CommandHelp& help) {
  std::string text = wrapped_hanging(help.usage, "", "    ", columns) + "\n" + reflowed(help.about, columns);
  if (!help.flags.empty()) text += "\nFlags of this command\n";
  for (const CommandFlag& flag : help.flags) text += flag_text(flag);
  if (help.sections.empty()) return text;
  text += "\nKeys\n" + wrapped(
                           "A key that only one section has may be given alone: --rule qsr for "
                           "--schedule.rule qsr. In a file write `[section]` and `key = value`; the command "
                           "line takes precedence.",
                           "", columns);
  for (const std::string_view section : help.sections) {
    for (const SectionTitle& title : section_titles())
      if (title.name == section) text += fmt::format("\n[{}] {}\n", title.name, title.about);
    for (const Key& key : catalogue.keys())
      if (key.section() == section) text += key_text(key);
  }
  return text;
}

}  // namespace muster::inline app
