#include "muster/app/launch/hosts_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <sstream>
#include <utility>

#include "muster/base/error.h"
#include "muster/choice/value.h"
#include "muster/rendezvous/slurm_nodes.h"

namespace muster::inline app {

namespace {

constexpr int most_slots = 4096;
constexpr std::string_view line_form = "a line is HOST, HOST:N or HOST slots=N";

bool is_host(std::string_view word) {
  const auto fits = [](unsigned char c) {
    return std::isalnum(c) != 0 || std::string_view("._-:@%").find(static_cast<char>(c)) != std::string::npos;
  };
  return !word.empty() && word.front() != '-' && std::all_of(word.begin(), word.end(), fits);
}

std::optional<int> slots_of(std::string_view word) {
  int slots = 0;
  const auto [end, problem] = std::from_chars(word.data(), word.data() + word.size(), slots);
  if (problem != std::errc{} || end != word.data() + word.size() || slots < 1 || slots > most_slots)
    return std::nullopt;
  return slots;
}

bool one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

/// A line of the file, read from left to right.
class Line {
 public:
  Line(const std::string& name, int number) : name_(name), number_(number) {}

  std::vector<HostSlots> hosts(const std::vector<std::string>& words) {
    for (size_t i = 1; i < words.size(); ++i) take_word(words[i]);
    if (most_ && slots_ && *most_ < *slots_)
      refuse(fmt::format("slots={} max-slots={}", *slots_, *most_), "has fewer slots at most than slots");
    const std::optional<int> slots = slots_ ? slots_ : most_;  // as Open MPI takes max-slots alone
    std::vector<HostSlots> hosts;
    for (const std::string_view part : parts_outside_brackets(words.front())) {
      auto [names, own_slots] = names_of(part);
      if (own_slots && slots)
        refuse(part, fmt::format("says its slots twice, {} and {}; once is enough", *own_slots, *slots));
      for (std::string& host : names)
        hosts.push_back({user_.empty() ? host : user_ + "@" + host, own_slots.value_or(slots.value_or(1))});
    }
    return hosts;
  }

 private:
  [[noreturn]] void refuse(std::string_view found, std::string_view remedy) const {
    throw DataError(fmt::format("{}:{}: {}: {}", name_, number_, shown(found), remedy));
  }

  /// "slots=4", "4", "max-slots=8", "user=me"; with the names that Open MPI, LAM and Intel MPI know.
  void take_word(const std::string& word) {
    const size_t equals = word.find('=');
    const std::string key = word.substr(0, equals);
    const std::string value = equals == std::string::npos ? word : word.substr(equals + 1);
    const bool number_alone = equals == std::string::npos && slots_of(word).has_value();
    if (number_alone || (equals != std::string::npos && one_of(key, {"slots", "cpus", "cpu", "count"})))
      set(slots_, word, value);
    else if (equals != std::string::npos && one_of(key, {"max-slots", "max_slots"}))
      set(most_, word, value);
    else if (equals != std::string::npos && one_of(key, {"user", "username"}) && is_host(value) &&
             user_.empty())
      user_ = value;
    else
      refuse(word, fmt::format("is not understood; {}", line_form));
  }

  void set(std::optional<int>& number, const std::string& word, const std::string& value) const {
    if (number) refuse(word, "is given a second time");
    number = slots_of(value);
    if (!number) refuse(word, fmt::format("must be slots=N with N from 1 to {}", most_slots));
  }

  /// The names that a part of the line means, and the slots that stand behind a colon.
  std::pair<std::vector<std::string>, std::optional<int>> names_of(std::string_view part) const {
    const size_t at = part.find('@');
    const std::string user(at == std::string_view::npos ? "" : part.substr(0, at + 1));
    std::string_view host = part.substr(user.size());
    std::optional<int> slots;
    const size_t close = host.rfind(']');
    const size_t colon = host.rfind(':');
    const bool address = host.starts_with('[') && close != std::string_view::npos &&
                         host.substr(0, close).find(':') != std::string_view::npos;
    const bool behind = colon != std::string_view::npos && (close == std::string_view::npos || colon > close);
    if (behind && (address || close != std::string_view::npos || std::ranges::count(host, ':') == 1)) {
      slots = slots_of(host.substr(colon + 1));
      if (!slots) refuse(part, fmt::format("must be HOST:N with N slots, from 1 to {}", most_slots));
      host = host.substr(0, colon);
    }
    std::vector<std::string> names;
    if (address && host.ends_with(']'))
      names = {std::string(host.substr(1, host.size() - 2))};
    else if (!address && host.find_first_of("[]") != std::string_view::npos)
      names = slurm_nodes(host).value_or(std::vector<std::string>{});
    else
      names = {std::string(host)};
    if (names.empty()) refuse(part, "is no list of nodes such as n[001-010,12]");
    for (std::string& one : names) {
      one.insert(0, user);
      if (!is_host(one))
        refuse(part, fmt::format("is no host; {}, HOST a name, an address or user@name of letters, digits "
                                 "and ._-:",
                                 line_form));
    }
    return {std::move(names), slots};
  }

  const std::string& name_;
  int number_;
  std::optional<int> slots_, most_;
  std::string user_;
};

/// Without its comment; "slots = 4" becomes "slots=4".
std::vector<std::string> words_of_line(const std::string& line) {
  std::string text;
  for (const char letter : line.substr(0, line.find('#'))) {
    const bool space = std::isspace(static_cast<unsigned char>(letter)) != 0;
    if (space && !text.empty() && text.back() == '=') continue;
    if (letter == '=')
      while (!text.empty() && text.back() == ' ') text.pop_back();
    text += space ? ' ' : letter;
  }
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

}  // namespace

std::vector<HostSlots> parse_hosts(std::string_view text, const std::string& name) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  std::vector<HostSlots> hosts;
  std::istringstream lines{std::string(text)};
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const std::vector<std::string> words = words_of_line(line);
    if (words.empty()) continue;
    for (HostSlots& host : Line(name, number).hosts(words)) {
      const auto before = std::ranges::find(hosts, host.host, &HostSlots::host);
      if (before == hosts.end())
        hosts.push_back(std::move(host));
      else if ((before->slots += host.slots) > most_slots)
        throw DataError(fmt::format("{}:{}: {}: has more than {} slots in all", name, number,
                                    shown(host.host), most_slots));
    }
  }
  if (hosts.empty()) throw DataError(fmt::format("{}: names no host; {}", name, line_form));
  return hosts;
}

}  // namespace muster::inline app
