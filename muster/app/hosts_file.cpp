#include "muster/app/hosts_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <sstream>

#include "muster/app/value.h"
#include "muster/base/error.h"

namespace muster {

namespace {

constexpr int most_slots = 4096;

bool is_host(std::string_view word) {
  const auto fits = [](unsigned char c) {
    return std::isalnum(c) != 0 || std::string_view("._-:@").find(static_cast<char>(c)) != std::string::npos;
  };
  return !word.empty() && word.front() != '-' && std::all_of(word.begin(), word.end(), fits);
}

std::optional<int> slots_of(std::string_view word) {
  constexpr std::string_view name = "slots=";
  if (!word.starts_with(name)) return std::nullopt;
  word.remove_prefix(name.size());
  int slots = 0;
  const auto [end, problem] = std::from_chars(word.data(), word.data() + word.size(), slots);
  if (problem != std::errc{} || end != word.data() + word.size() || slots < 1 || slots > most_slots)
    return std::nullopt;
  return slots;
}

[[noreturn]] void refuse(const std::string& name, int line, std::string_view found,
                         const std::string& remedy) {
  throw DataError(fmt::format("{}:{}: {}: {}", name, line, shown(found), remedy));
}

HostSlots parse_line(const std::vector<std::string>& words, const std::string& name, int line) {
  HostSlots host;
  host.host = words[0];
  if (!is_host(host.host))
    refuse(
        name, line, words[0],
        "is no host; a line is HOST [slots=N], HOST a name, an address or user@name of letters, digits and "
        "._-:");
  if (words.size() > 1) {
    const auto slots = slots_of(words[1]);
    if (!slots) refuse(name, line, words[1], fmt::format("must be slots=N with N from 1 to {}", most_slots));
    host.slots = *slots;
  }
  if (words.size() > 2) refuse(name, line, words[2], "is one word too many; a line is HOST [slots=N]");
  return host;
}

}  // namespace

std::vector<HostSlots> parse_hosts(std::string_view text, const std::string& name) {
  std::vector<HostSlots> hosts;
  std::istringstream lines{std::string(text)};
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    std::istringstream in(line.substr(0, line.find('#')));
    std::vector<std::string> words;
    for (std::string word; in >> word;) words.push_back(word);
    if (words.empty()) continue;
    HostSlots host = parse_line(words, name, number);
    for (const HostSlots& other : hosts)
      if (other.host == host.host)
        refuse(name, number, host.host, "stands in this file before; give it once, with all its slots");
    hosts.push_back(std::move(host));
  }
  if (hosts.empty()) throw DataError(fmt::format("{}: names no host; a line is HOST [slots=N]", name));
  return hosts;
}

}  // namespace muster
