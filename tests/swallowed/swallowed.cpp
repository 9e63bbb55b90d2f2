#include "swallowed.h"

#include <algorithm>
#include <fstream>
#include <regex>
#include <sstream>

namespace fs = std::filesystem;

namespace muster::swallowed {
namespace {

/// One line of a source: its code without strings and comments, and whether it carries a comment.
struct Line {
  std::string code;
  bool comment = false;
};

/// Takes text, characters and comments out of the lines; knows the state of a comment over several lines.
class Stripper {
 public:
  Line strip(const std::string& text) {
    Line line;
    for (size_t i = 0; i < text.size(); ++i) {
      if (in_comment_) {
        line.comment = true;
        if (text.compare(i, 2, "*/") == 0) in_comment_ = false, ++i;
      } else if (text.compare(i, 2, "//") == 0) {
        line.comment = true;
        break;
      } else if (text.compare(i, 2, "/*") == 0) {
        in_comment_ = true;
      } else if (text[i] == '"' || (text[i] == '\'' && !is_digit_separator(text, i))) {
        i = end_of_quote(text, i);
        line.code += "\"\"";
      } else {
        line.code += text[i];
      }
    }
    return line;
  }

 private:
  static bool is_digit_separator(const std::string& text, size_t at) {
    return at > 0 && at + 1 < text.size() && std::isxdigit(static_cast<unsigned char>(text[at - 1])) != 0 &&
           std::isxdigit(static_cast<unsigned char>(text[at + 1])) != 0 && text[at - 1] != 'u';
  }
  static size_t end_of_quote(const std::string& text, size_t begin) {
    size_t i = begin + 1;
    while (i < text.size() && text[i] != text[begin]) i += text[i] == '\\' ? 2 : 1;
    return i;
  }

  bool in_comment_ = false;
};

std::vector<Line> lines_of(const std::string& source) {
  std::vector<Line> lines;
  Stripper stripper;
  std::istringstream in(source);
  for (std::string text; std::getline(in, text);) lines.push_back(stripper.strip(text));
  return lines;
}

bool blank(const std::string& code) { return code.find_first_not_of(" \t") == std::string::npos; }

constexpr auto from_the_start = std::regex_constants::match_continuous;

class Search {
 public:
  explicit Search(const std::string& source) : lines_(lines_of(source)) {}

  std::vector<std::string> run() {
    for (size_t i = 0; i < lines_.size(); ++i) {
      look_at_catch(i);
      look_at_call(i);
      look_at_error_code(i);
      look_at_stream(i);
    }
    return std::move(found_);
  }

 private:
  void report(size_t line, const std::string& what) {
    found_.push_back(std::to_string(line + 1) + ": " + what);
  }

  /// A comment on the line itself or on the one above it.
  bool explained(size_t line) const { return lines_[line].comment || (line > 0 && lines_[line - 1].comment); }

  /// The block that begins at or after a column of a line: its code, and whether a comment stands in it.
  Line block_from(size_t line, size_t column) const {
    Line block;
    int depth = 0;
    for (size_t i = line; i < lines_.size(); ++i) {
      const std::string& code = lines_[i].code;
      for (size_t at = i == line ? column : 0; at < code.size(); ++at) {
        if (code[at] == '{') ++depth;
        if (depth > 0) block.code += code[at];
        if (code[at] == '}' && --depth == 0) return block;
      }
      block.code += '\n';
      block.comment = block.comment || lines_[i].comment;
    }
    return block;
  }

  void look_at_catch(size_t line) {
    static const std::regex clause(R"(\bcatch\s*\(([^)]*)\))");
    static const std::regex acts(R"(\b(throw|return|rethrow_exception|current_exception|terminate|_exit)\b)");
    static const std::regex last_word(R"((\w+)\s*$)");
    if (lines_[line].code.find("catch") == std::string::npos) return;
    std::smatch match;
    if (!std::regex_search(lines_[line].code, match, clause)) return;
    const Line block = block_from(line, static_cast<size_t>(match.position() + match.length()));
    const std::string declared = match[1];
    std::smatch name;
    const bool uses = declared.find('&') != std::string::npos &&
                      std::regex_search(declared, name, last_word) &&
                      declared.find('&') < static_cast<size_t>(name.position(1)) &&
                      std::regex_search(block.code, std::regex("\\b" + name[1].str() + "\\b"));
    if (uses || block.comment || explained(line) || std::regex_search(block.code, acts)) return;
    report(line, "an exception is caught and dropped");
  }

  void look_at_call(size_t line) {
    static const std::regex call(
        R"(^\s*(if \([^;]*\)\s|else\s)?\s*(\(void\)\s*|std::ignore\s*=\s*|static_cast<void>\()?\s*((::|std::)?(write|pwrite|writev|close|fsync|fdatasync|sync_file_range|ftruncate|truncate|rename|renameat|remove|unlink|unlinkat|rmdir|mkdir|link|symlink|chmod|fchmod|fclose|fflush|fwrite|fputs|flock|kill|send|sendmsg|shutdown|setsockopt|pclose|dup2|fcntl|madvise|munmap|setenv|waitpid|pthread_sigmask|sigprocmask|sigaction))\()");
    static const std::regex voided(R"((\(void\)\s*[A-Za-z_:]+\(|std::ignore\s*=))");
    const std::string& code = lines_[line].code;
    if (code.find('(') == std::string::npos) return;
    std::smatch match;
    const bool begins = line == 0 || ends_statement(line - 1);
    const bool dropped = begins && std::regex_search(code, match, call, from_the_start) &&
                         (match[4].matched || match[2].matched);
    if ((dropped || std::regex_search(code, voided)) && !explained(line))
      report(line, "the result of " + (dropped ? match[3].str() : std::string("a call")) + " is dropped");
  }

  /// Whether the code before the next line is complete: a statement, a block or a label ends there.
  bool ends_statement(size_t line) const {
    while (line > 0 && blank(lines_[line].code)) --line;
    const std::string& code = lines_[line].code;
    const size_t last = code.find_last_not_of(" \t");
    if (last == std::string::npos) return true;
    static const std::regex heads(R"(^\s*(if|for|while|else|do)\b)");
    return std::string(";{}:").find(code[last]) != std::string::npos || std::regex_search(code, heads);
  }

  void look_at_error_code(size_t line) {
    if (lines_[line].code.find("error_code") == std::string::npos) return;
    static const std::regex declaration(R"(^\s*std::error_code\s+(\w+)\s*;)");
    std::smatch match;
    if (!std::regex_search(lines_[line].code, match, declaration) || explained(line)) return;
    const std::string name = match[1];
    const std::regex looked_at("(!|\\(|\\breturn |== |!= |\\|\\| |&& |\\? )" + name +
                               "\\b(?!\\s*[,)]\\s*;)|\\b" + name + "(\\.| ==| !=| \\|\\|| &&|\\) [^;]|\\)$)");
    int depth = 0;
    for (size_t i = line + 1; i < lines_.size() && depth >= 0; ++i) {
      const std::string& code = lines_[i].code;
      for (const char c : code) depth += c == '{' ? 1 : c == '}' ? -1 : 0;
      if (std::regex_search(code, looked_at)) return;
      if (code.find(name) != std::string::npos && explained(i)) return;
    }
    report(line, "the error code '" + name + "' is never looked at");
  }

  void look_at_stream(size_t line) {
    if (lines_[line].code.find("ofstream") == std::string::npos) return;
    static const std::regex declaration(R"(\bstd::ofstream\s+(\w+))");
    std::smatch match;
    if (!std::regex_search(lines_[line].code, match, declaration) || explained(line)) return;
    const std::regex asked("!" + match[1].str() + "\\b|\\b" + match[1].str() +
                           "\\.(good|fail|bad|exceptions)\\(");
    for (const Line& other : lines_)
      if (std::regex_search(other.code, asked)) return;
    report(line, "the stream '" + match[1].str() + "' is never asked whether it is good");
  }

  std::vector<Line> lines_;
  std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> find_swallowed(const std::string& source) { return Search(source).run(); }

Findings check(const fs::path& root) {
  Findings findings;
  for (const char* top : {"muster", "cli"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
      const std::string extension = entry.path().extension().string();
      if (!entry.is_regular_file() || (extension != ".cpp" && extension != ".h")) continue;
      std::ifstream in(entry.path());
      std::ostringstream text;
      text << in.rdbuf();
      ++findings.files;
      for (const std::string& place : find_swallowed(text.str()))
        findings.places.push_back(fs::relative(entry.path(), root).string() + ":" + place);
    }
  }
  std::sort(findings.places.begin(), findings.places.end());
  return findings;
}

}  // namespace muster::swallowed
