#include "muster/base/printable.h"

#include <fmt/format.h>

#include <iterator>

#include "muster/base/content_kind.h"

namespace muster::inline base {

namespace {

// U+0080 to U+009F are control characters too.
bool is_control(std::string_view character) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(character[i]); };
  if (character.size() == 1) return byte(0) < 0x20 || byte(0) == 0x7f;
  if (character.size() == 2) return byte(0) == 0xc2 && byte(1) < 0xa0;
  if (character.size() != 3 || byte(0) != 0xe2) return false;
  // U+2028 to U+202E, U+2066 to U+2069.
  return (byte(1) == 0x80 && byte(2) >= 0xa8 && byte(2) <= 0xae) ||
         (byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9);
}

size_t length_of_first(std::string_view text) {
  for (size_t length = 1; length <= 4 && length <= text.size(); ++length)
    if (valid_utf8(text.substr(0, length)) == length) return length;
  return 0;
}

}  // namespace

std::string printable(std::string_view text, std::string_view kept) {
  std::string line;
  line.reserve(text.size());
  while (!text.empty()) {
    const size_t length = length_of_first(text);
    const std::string_view character = text.substr(0, length == 0 ? 1 : length);
    const bool escaped =
        length == 0 || (is_control(character) && kept.find(character.front()) == std::string_view::npos);
    if (!escaped) line += character;
    if (escaped)
      for (const char c : character)
        fmt::format_to(std::back_inserter(line), "\\x{:02x}", static_cast<unsigned char>(c));
    text.remove_prefix(character.size());
  }
  return line;
}

}  // namespace muster::inline base
