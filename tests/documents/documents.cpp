#include "documents.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <regex>
#include <sstream>

namespace fs = std::filesystem;

namespace muster::documents {
namespace {

bool begins_with_one(const std::string& word, const std::vector<std::string>& programs) {
  return std::any_of(programs.begin(), programs.end(), [&](const std::string& program) {
    return program.ends_with('/') ? word.starts_with(program) : word == program;
  });
}

/// Walks a document and tells which of its lines are code.
class Lines {
 public:
  explicit Lines(const std::string& text) : in_(text) {}

  /// The next line; false at the end.
  bool next() {
    if (!std::getline(in_, line)) return false;
    ++number;
    if (line.starts_with("```")) {
      fenced_ = !fenced_;
      code = false;
      blank_before_ = false;
      return true;
    }
    code = fenced_ || (line.starts_with("    ") && (blank_before_ || code));
    blank_before_ = line.empty() || (blank_before_ && code);
    return true;
  }

  std::string line;
  int number = 0;
  bool code = false;

 private:
  std::istringstream in_;
  bool fenced_ = false;
  bool blank_before_ = true;
};

void add(std::vector<Command>& found, Command command, const std::vector<std::string>& programs) {
  if (!command.words.empty() && begins_with_one(command.words.front(), programs))
    found.push_back(std::move(command));
}

/// `code` in running text. What holds an ellipsis or an alternative is a form, not a command.
void add_inline(std::vector<Command>& found, const std::string& file, const Lines& lines,
                const std::vector<std::string>& programs) {
  static const std::regex span("`([^`]+)`");
  for (auto it = std::sregex_iterator(lines.line.begin(), lines.line.end(), span);
       it != std::sregex_iterator(); ++it) {
    const std::string code = (*it)[1].str();
    if (code.find("...") != std::string::npos || code.find("…") != std::string::npos ||
        code.find('|') != std::string::npos || code.find('*') == 0)
      continue;
    add(found, {file, lines.number, shell_words(code), false}, programs);
  }
}

}  // namespace

std::vector<std::string> documents(const std::string& root) {
  std::vector<std::string> names = {"README.md", "CHANGELOG.md"};
  for (const auto& entry : fs::directory_iterator(fs::path(root) / "docs"))
    if (entry.path().extension() == ".md") names.push_back("docs/" + entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> shell_words(const std::string& line) {
  std::vector<std::string> words;
  std::string word;
  bool inside = false;
  char quote = 0;
  for (const char c : line) {
    if (quote != 0) {
      if (c == quote)
        quote = 0;
      else
        word += c;
    } else if (c == '"' || c == '\'') {
      quote = c;
      inside = true;
    } else if (std::isspace(static_cast<unsigned char>(c)) != 0) {
      if (inside) words.push_back(word);
      word.clear();
      inside = false;
    } else if (c == '#' && !inside) {
      break;
    } else {
      word += c;
      inside = true;
    }
  }
  if (inside) words.push_back(word);
  return words;
}

std::vector<Command> commands_of(const std::string& file, const std::string& text,
                                 const std::vector<std::string>& programs) {
  std::vector<Command> found;
  Lines lines(text);
  while (lines.next()) {
    if (!lines.code) {
      add_inline(found, file, lines, programs);
      continue;
    }
    const int first = lines.number;
    std::string whole = lines.line;
    while (whole.ends_with('\\') && lines.next()) {
      whole.pop_back();
      whole += lines.line;
    }
    add(found, {file, first, shell_words(whole), true}, programs);
  }
  return found;
}

std::vector<Link> links_of(const std::string& file, const std::string& text) {
  static const std::regex link(R"(\]\(([^)\s]+)\))");
  std::vector<Link> found;
  Lines lines(text);
  while (lines.next()) {
    if (lines.code) continue;
    for (auto it = std::sregex_iterator(lines.line.begin(), lines.line.end(), link);
         it != std::sregex_iterator(); ++it)
      found.push_back({file, lines.number, (*it)[1].str()});
  }
  return found;
}

std::vector<std::string> anchors_of(const std::string& text) {
  std::vector<std::string> anchors;
  Lines lines(text);
  while (lines.next()) {
    if (lines.code || !lines.line.starts_with('#')) continue;
    std::string anchor;
    for (const char c : lines.line.substr(lines.line.find_first_not_of("# "))) {
      const auto byte = static_cast<unsigned char>(c);
      if (std::isalnum(byte) != 0 || c == '-' || c == '_' || byte >= 0x80)
        anchor += static_cast<char>(std::tolower(byte));
      else if (c == ' ')
        anchor += '-';
    }
    anchors.push_back(anchor);
  }
  return anchors;
}

int words_of(const std::string& text) {
  std::istringstream in(text);
  int words = 0;
  for (std::string word; in >> word;) ++words;
  return words;
}

}  // namespace muster::documents
