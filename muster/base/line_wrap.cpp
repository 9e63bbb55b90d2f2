#include "muster/base/line_wrap.h"

#include <algorithm>

namespace muster::inline base {

namespace {

/// Characters of UTF-8: bytes that continue one do not count.
int characters(std::string_view text) {
  return static_cast<int>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; }));
}

std::string broken(std::string_view line, int columns) {
  if (line.starts_with("  ") || characters(line) <= columns) return std::string(line);
  std::string text;
  int used = 0;
  for (size_t at = 0; at < line.size();) {
    const size_t end = std::min(line.find(' ', at), line.size());
    const std::string_view word = line.substr(at, end - at);
    const int length = characters(word);
    if (at > 0) {
      const bool fits = used + 1 + length <= columns;
      text += fits ? ' ' : '\n';
      used = fits ? used + 1 : 0;
    }
    text += word;
    used += length;
    at = end + 1;
  }
  return text;
}

}  // namespace

std::string wrapped_at(std::string_view text, int columns) {
  if (columns <= 0 || text.find_first_of("\r\x1b") != std::string_view::npos) return std::string(text);
  std::string result;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    result += broken(text.substr(at, end - at), columns);
    if (end < text.size()) result += '\n';
    at = end + 1;
  }
  return result;
}

}  // namespace muster::inline base
