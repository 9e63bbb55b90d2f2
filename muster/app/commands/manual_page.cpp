#include "muster/app/commands/manual_page.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>

#include "muster/app/commands/help_list.h"
#include "muster/app/keys/catalogue.h"
#include "muster/app/keys/keys.h"
#include "muster/base/version.h"

namespace muster::inline app {

namespace {

/// A text that roff shows as it is: no request, no escape; hyphens that can be copied into a shell.
std::string plain(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '\\')
      result += "\\e";
    else if (c == '-')
      result += "\\-";
    else
      result += c;
  }
  if (result.starts_with('.') || result.starts_with('\'')) result.insert(0, "\\&");
  return result;
}

/// Paragraphs, and what begins with two blanks as it stands.
std::string body(std::string_view text) {
  std::string result;
  bool literal = false;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const bool now = line.starts_with("  ");
    if (now != literal) result += now ? ".PP\n.nf\n" : ".fi\n";
    literal = now;
    result += line.empty() ? ".PP\n" : plain(line) + "\n";
  }
  return literal ? result + ".fi\n" : result;
}

std::string item(const std::string& head, std::string_view meaning) {
  return fmt::format(".TP\n.B {}\n{}\n", plain(head), plain(meaning));
}

std::string flag_item(const CommandFlag& flag) {
  const std::string blank = flag.value.empty() || flag.value.starts_with('[') ? "" : " ";
  return item(fmt::format("--{}{}{}", flag.name, blank, flag.value), flag.meaning);
}

std::string key_item(const Key& key) {
  std::string meaning = key.meaning;
  if (!key.words.empty()) meaning += fmt::format(" One of {}.", fmt::join(key.words, ", "));
  meaning += fmt::format(" Default: {}", key.default_text());
  if (!key.unit.empty()) meaning += fmt::format("; unit: {}", key.unit);
  if (!key.range_text().empty()) meaning += "; " + key.range_text();
  return item(fmt::format("--{} {}", key.name, placeholder(key.type)), meaning + ".");
}

std::string commands() {
  std::string text = ".SH COMMANDS\n";
  for (const HelpEntry& entry : all_help()) {
    text += fmt::format(".SS muster {}\n.B {}\n.PP\n", plain(entry.command), plain(entry.help->usage));
    text += body(entry.help->about);
    for (const CommandFlag& flag : entry.help->flags) text += flag_item(flag);
    if (!entry.help->sections.empty())
      text += fmt::format(".PP\nKeys of the sections {}.\n", fmt::join(entry.help->sections, ", "));
  }
  return text;
}

std::string keys(const Catalogue& catalogue) {
  std::string text =
      ".SH KEYS\nIn a configuration file write a key as [section] and key = value (TOML); on the command "
      "line "
      "as \\-\\-section.key value, which goes before the file. A key that only one section has may be given "
      "alone.\n";
  for (const SectionTitle& title : section_titles()) {
    text += fmt::format(".SS [{}] {}\n", plain(title.name), plain(title.about));
    for (const Key& key : catalogue.keys())
      if (key.section() == title.name) text += key_item(key);
  }
  return text;
}

}  // namespace

std::string manual_page(const Catalogue& catalogue) {
  std::string text = fmt::format(".TH MUSTER 1 \"\" \"muster {}\" \"User Commands\"\n", version());
  text += ".SH NAME\nmuster \\- distributed training with local gradient methods\n";
  text += ".SH SYNOPSIS\n.B muster\n.I COMMAND\n[\\fIarguments\\fR ...]\n";
  text +=
      ".SH DESCRIPTION\nWorkers train alone for some steps and then average their models, by a schedule. "
      "\\fBmuster help\\fR \\fICOMMAND\\fR shows what a command does, and every key it knows.\n";
  text += commands() + keys(catalogue);
  text +=
      ".SH EXIT STATUS\n0: done, and the result is on the disk. 1: a fault of this program, or a check "
      "that "
      "did not hold. 2: a wrong option, file or peer, in one line on standard error. 128 + signal: "
      "stopped.\n";
  text +=
      ".SH ENVIRONMENT\n.TP\n.B NO_COLOR\nIf set, nothing is written in colour.\n.TP\n.B TERM\nWith dumb, "
      "progress is a line now and then.\n";
  return text;
}

}  // namespace muster::inline app
