#include "muster/app/options/text_lines.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace muster::inline app {

namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    lines.push_back(text.substr(0, text.find('\n')));
    text.remove_prefix(std::min(text.size(), lines.back().size() + 1));
  }
  return lines;
}

bool is_literal(std::string_view line) { return line.starts_with("  "); }

/// Words of a command; what stands in quotes stays together.
std::vector<std::string> words_of_command(std::string_view line) {
  std::vector<std::string> words(1);
  char quote = 0;
  for (const char c : line) {
    if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    }
    if (c == ' ' && quote == 0) {
      if (!words.back().empty()) words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

/// The same with a flag and its value as one.
std::vector<std::string> pieces_of_command(std::string_view line) {
  std::vector<std::string> pieces;
  for (std::string& word : words_of_command(line)) {
    const bool is_value = !pieces.empty() && !word.starts_with('-') && pieces.back().starts_with("--") &&
                          pieces.back().size() > 2 && pieces.back().find_first_of(" =") == std::string::npos;
    if (is_value)
      pieces.back() += " " + word;
    else
      pieces.push_back(std::move(word));
  }
  return pieces;
}

// Two columns stay free for the backslash.
std::string broken_command(std::string_view line, size_t width) {
  std::string result, now = " ";
  for (const std::string& word : pieces_of_command(line)) {
    if (now.size() + 1 + word.size() + 2 > width && now.size() > 6) {
      result += now + " \\\n";
      now = "     ";
    }
    now += " " + word;
  }
  return result + now + "\n";
}

/// Where the second column of "  word   text" begins.
size_t second_column(std::string_view line) {
  const size_t word = line.find_first_not_of(' '), gap = line.find("  ", word);
  return gap == std::string_view::npos ? 4 : line.find_first_not_of(' ', gap);
}

std::string broken_row(std::string_view line, size_t width) {
  const size_t column = second_column(line);
  const std::string later(column, ' ');
  return wrapped_hanging(line.substr(column), line.substr(0, column), later, width);
}

}  // namespace

std::string wrapped(std::string_view text, std::string_view start, size_t width) {
  return wrapped_hanging(text, start, start, width);
}

std::string wrapped_hanging(std::string_view text, std::string_view start, std::string_view later,
                            size_t width) {
  std::string result, line(start);
  size_t blank = start.size();  // of a line that holds no word yet
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (line.size() > blank && line.size() + 1 + word.size() > width) {
      result += line + "\n";
      line = later;
      blank = later.size();
    }
    if (line.size() > blank) line += ' ';
    line += word;
  }
  return result + line + "\n";
}

std::string reflowed(std::string_view text, size_t width) {
  std::string result, paragraph, command;
  const auto end_paragraph = [&] {
    if (!paragraph.empty()) result += wrapped(paragraph, "", width);
    paragraph.clear();
  };
  for (const std::string_view line : lines_of(text)) {
    if (!is_literal(line) && !line.empty()) {
      paragraph += (paragraph.empty() ? "" : " ") + std::string(line);
      continue;
    }
    end_paragraph();
    if (line.empty()) {
      result += '\n';
      continue;
    }
    command += command.empty() ? std::string(line) : std::string(line.substr(line.find_first_not_of(' ')));
    if (command.ends_with('\\')) {
      command.pop_back();
      continue;
    }
    result += command.size() <= width            ? command + "\n"
              : command.starts_with("  muster ") ? broken_command(command, width)
                                                 : broken_row(command, width);
    command.clear();
  }
  end_paragraph();
  return result;
}

}  // namespace muster::inline app
