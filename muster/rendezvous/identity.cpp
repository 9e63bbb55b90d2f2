#include "muster/rendezvous/identity.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "muster/base/error.h"

namespace muster::inline rendezvous {

namespace {

constexpr size_t longest_shown = 60;
constexpr size_t shown_before = 20;

/// A window of a long value around its byte `at`.
std::string shown(const std::string& value, size_t at) {
  if (value.size() <= longest_shown) return fmt::format("'{}'", value);
  const size_t from = std::min(at > shown_before ? at - shown_before : 0, value.size() - longest_shown);
  return fmt::format("'{}{}{}'", from > 0 ? "..." : "", value.substr(from, longest_shown),
                     from + longest_shown < value.size() ? "..." : "");
}

std::string difference(const std::string& name, const std::string& there, const std::string& here) {
  const auto [at, other] = std::mismatch(there.begin(), there.end(), here.begin(), here.end());
  const auto first = static_cast<size_t>(at - there.begin());
  return fmt::format("{} is {} there, {} here", name, shown(there, first), shown(here, first));
}

std::string escaped(const std::string& text) {
  std::string result;
  for (const char letter : text) {
    if (letter == '\n') {
      result += "\\n";
      continue;
    }
    if (letter == '\\' || letter == '=') result += '\\';
    result += letter;
  }
  return result;
}

}  // namespace

std::optional<std::string> first_difference(const Identity& there, const Identity& here) {
  auto a = there.begin();
  auto b = here.begin();
  while (a != there.end() || b != here.end()) {
    if (b == here.end() || (a != there.end() && a->first < b->first))
      return fmt::format("{} is {} there, not set here", a->first, shown(a->second, 0));
    if (a == there.end() || b->first < a->first)
      return fmt::format("{} is not set there, {} here", b->first, shown(b->second, 0));
    if (a->second != b->second) return difference(a->first, a->second, b->second);
    ++a;
    ++b;
  }
  return std::nullopt;
}

std::string to_text(const Identity& identity) {
  std::string text;
  for (const auto& [name, value] : identity) text += escaped(name) + "=" + escaped(value) + "\n";
  return text;
}

Identity identity_from_text(const std::string& text) {
  Identity identity;
  std::string name;
  std::string part;
  bool in_value = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      ++i;
      part += text[i] == 'n' ? '\n' : text[i];
    } else if (text[i] == '=' && !in_value) {
      name = std::exchange(part, {});
      in_value = true;
    } else if (text[i] == '\n' && in_value) {
      identity[name] = std::exchange(part, {});
      in_value = false;
    } else {
      part += text[i];
    }
  }
  if (to_text(identity) != text)
    throw Error("the identity of a process is garbled: it must be lines of name=value, sorted by name");
  return identity;
}

}  // namespace muster::inline rendezvous
