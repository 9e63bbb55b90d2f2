#include "muster/rendezvous/slurm_nodes.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>

namespace muster::inline rendezvous {

namespace {

using Names = std::vector<std::string>;

constexpr size_t most_nodes = 65536;

std::optional<int64_t> number_in(std::string_view digits) {
  int64_t number = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool whole = problem == std::errc() && end == digits.data() + digits.size() && digits.size() <= 12;
  return whole && digits.front() != '-' ? std::optional(number) : std::nullopt;
}

/// "001-003" or "7".
bool append_range(std::string_view range, Names& numbers) {
  const size_t dash = range.find('-');
  const std::string_view low = range.substr(0, dash);
  const auto first = number_in(low);
  const auto last = dash == std::string_view::npos ? first : number_in(range.substr(dash + 1));
  if (!first || !last || *last < *first || static_cast<size_t>(*last - *first) >= most_nodes) return false;
  for (int64_t number = *first; number <= *last; ++number)
    numbers.push_back(fmt::format("{:0{}}", number, low.size()));
  return numbers.size() <= most_nodes;
}

/// What stands between two brackets: "1-3,7".
std::optional<Names> numbers_in(std::string_view ranges) {
  Names numbers;
  while (true) {
    const size_t comma = ranges.find(',');
    if (!append_range(ranges.substr(0, comma), numbers)) return std::nullopt;
    if (comma == std::string_view::npos) return numbers;
    ranges.remove_prefix(comma + 1);
  }
}

/// Every name with every ending.
bool multiply(Names& names, const Names& endings) {
  if (names.size() * endings.size() > most_nodes) return false;
  Names longer;
  for (const std::string& name : names)
    for (const std::string& ending : endings) longer.push_back(name + ending);
  names = std::move(longer);
  return true;
}

std::optional<Names> names_of(std::string_view part) {
  if (part.empty() || part.find_first_of(" \t") != std::string_view::npos) return std::nullopt;
  Names names = {""};
  while (!part.empty()) {
    const size_t open = part.find('[');
    const std::string_view text = part.substr(0, open);
    if (text.find(']') != std::string_view::npos) return std::nullopt;
    for (std::string& name : names) name += text;
    if (open == std::string_view::npos) break;
    const size_t close = part.find(']', open);
    if (close == std::string_view::npos) return std::nullopt;
    const auto numbers = numbers_in(part.substr(open + 1, close - open - 1));
    if (!numbers || !multiply(names, *numbers)) return std::nullopt;
    part.remove_prefix(close + 1);
  }
  return names;
}

}  // namespace

std::vector<std::string_view> parts_outside_brackets(std::string_view list) {
  std::vector<std::string_view> parts;
  int depth = 0;
  size_t begin = 0;
  for (size_t at = 0; at < list.size(); ++at) {
    if (list[at] == '[') ++depth;
    if (list[at] == ']') --depth;
    if (list[at] != ',' || depth > 0) continue;
    parts.push_back(list.substr(begin, at - begin));
    begin = at + 1;
  }
  parts.push_back(list.substr(begin));
  return parts;
}

std::optional<std::vector<std::string>> slurm_nodes(std::string_view list) {
  Names nodes;
  for (const std::string_view part : parts_outside_brackets(list)) {
    const auto names = names_of(part);
    if (!names || nodes.size() + names->size() > most_nodes) return std::nullopt;
    nodes.insert(nodes.end(), names->begin(), names->end());
  }
  return nodes;
}

}  // namespace muster::inline rendezvous
