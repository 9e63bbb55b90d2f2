#include "muster/app/options/toml_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "muster/base/content_kind.h"
#include "muster/base/error.h"
#include "muster/choice/value.h"

namespace muster::inline app {

namespace {

constexpr int most_parts = 16;

/// Walks over a text; strings and comments are passed over.
class Walk {
 public:
  explicit Walk(std::string_view text) : rest_(text) {}

  /// The line of the first key of too many parts; 0 where there is none.
  int line_of_long_key() {
    int dots = 0;
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (c == '"' || c == '\'') {
        pass_string(c);
        continue;
      }
      if (c == '#') {
        rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
        continue;
      }
      if (c == '.' && ++dots >= most_parts) return line_;
      if (std::string_view(",=[]{}\n").find(c) != std::string_view::npos) dots = 0;
      step(1);
    }
    return 0;
  }

 private:
  void step(size_t characters) {
    line_ +=
        static_cast<int>(std::count(rest_.begin(), rest_.begin() + static_cast<ptrdiff_t>(characters), '\n'));
    rest_.remove_prefix(characters);
  }
  void pass_string(char quote) {
    const std::string three(3, quote);
    const bool long_one = rest_.starts_with(three);
    const std::string_view end = long_one ? std::string_view(three) : std::string_view(three).substr(2);
    step(end.size());
    while (!rest_.empty() && !rest_.starts_with(end)) {
      if (!long_one && rest_.front() == '\n') return;  // not ended: the parser will say so
      step(quote == '"' && rest_.front() == '\\' ? std::min<size_t>(2, rest_.size()) : 1);
    }
    step(std::min(end.size(), rest_.size()));
  }

  std::string_view rest_;
  int line_ = 1;
};

/// The first line that is neither empty nor a comment, without the white space around it.
std::string_view first_line(std::string_view text) {
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.front())) != 0)
      line.remove_prefix(1);
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back())) != 0) line.remove_suffix(1);
    if (!line.empty() && line.front() != '#') return line;
  }
  return {};
}

bool looks_like_yaml(std::string_view line) {
  const size_t colon = line.find(':');
  if (line == "---") return true;
  return colon != std::string_view::npos && line.find_first_of("=[\"'") == std::string_view::npos &&
         (colon + 1 == line.size() || line[colon + 1] == ' ');
}

}  // namespace

void check_toml_text(std::string_view text, const std::string& source) {
  const auto refuse = [&](const std::string& why) { throw OptionError("CONFIG", shown(source), why); };
  const std::string_view plain = without_byte_order_mark(text);
  if (const auto kind = not_a_text(plain)) refuse(*kind + "; a configuration is a TOML file");
  const std::string_view line = first_line(plain);
  if (line.starts_with('{')) refuse("is JSON; a configuration is a TOML file: [section] and key = value");
  if (line.starts_with('<'))
    refuse("is HTML or XML; a configuration is a TOML file: [section] and key = value");
  if (line.starts_with("--"))
    if (line != "---")
      refuse("holds flags of a command line; a configuration is a TOML file: [section] and key = value");
  if (looks_like_yaml(line))
    refuse("looks like YAML; a configuration is a TOML file: [section] and key = value");
  if (const int long_key = Walk(plain).line_of_long_key(); long_key > 0)
    throw OptionError(
        "CONFIG", shown(fmt::format("{}:{}", source, long_key)),
        fmt::format("holds a key of more than {} parts (a.b.c...); keys are section.key", most_parts));
}

}  // namespace muster::inline app
