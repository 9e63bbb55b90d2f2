#include "muster/app/options/probe_text.h"

#include <array>
#include <charconv>
#include <optional>

#include "muster/base/error.h"

namespace muster::inline app {

namespace {

struct ProbeWord {
  std::string_view name;
  ProbeKind kind;
};
constexpr std::array probe_words = {
    ProbeWord{"sharpness", ProbeKind::sharpness}, ProbeWord{"noise", ProbeKind::noise},
    ProbeWord{"workers", ProbeKind::workers}, ProbeWord{"distance", ProbeKind::distance}};

struct Number {
  std::string_view name;
  int64_t ProbeRequest::*member;
  int64_t least, most;
};
constexpr std::array numbers = {Number{"every", &ProbeRequest::every, 1, 1'000'000'000},
                                Number{"samples", &ProbeRequest::samples, 2, 100'000'000},
                                Number{"products", &ProbeRequest::products, 1, 10'000},
                                Number{"vectors", &ProbeRequest::vectors, 0, 100'000}};

std::vector<std::string_view> parted(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t end = text.find(by);
    std::string_view part = text.substr(0, end);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    parts.push_back(part);
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

template <class Table>
std::string words_of(const Table& table) {
  std::string all;
  for (const auto& entry : table) all += (all.empty() ? "" : ", ") + std::string(entry.name);
  return all;
}

void read_number(std::string_view text, ProbeRequest& request, const std::string& field) {
  const size_t equal = text.find('=');
  const std::string_view name = text.substr(0, equal);
  const std::string_view value = equal == std::string_view::npos ? "" : text.substr(equal + 1);
  for (const Number& number : numbers) {
    if (number.name != name) continue;
    int64_t read = 0;
    const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), read);
    const bool whole = problem == std::errc{} && end == value.data() + value.size();
    if (!whole || read < number.least || read > number.most)
      throw OptionError(field, std::string(text),
                        std::string(name) + " must be a whole number from " + std::to_string(number.least) +
                            " to " + std::to_string(number.most));
    request.*number.member = read;
    return;
  }
  throw OptionError(
      field, std::string(text),
      "a probe has the numbers " + words_of(numbers) + ", such as sharpness:every=10,samples=512");
}

}  // namespace

std::string_view name_of(ProbeKind kind) {
  for (const ProbeWord& known : probe_words)
    if (known.kind == kind) return known.name;
  throw Bug("a probe without a name");
}

std::vector<ProbeRequest> parse_probes(std::string_view text, const std::string& field) {
  std::vector<ProbeRequest> requests;
  for (const std::string_view item : parted(text, ';')) {
    const size_t colon = item.find(':');
    std::optional<ProbeRequest> request;
    for (const ProbeWord& known : probe_words)
      if (known.name == item.substr(0, colon)) request = ProbeRequest{.kind = known.kind};
    if (!request)
      throw OptionError(field, std::string(item),
                        "the probes are " + words_of(probe_words) + ", such as sharpness:every=10;distance");
    for (const ProbeRequest& before : requests)
      if (before.kind == request->kind) throw OptionError(field, std::string(item), "name each probe once");
    if (colon != std::string_view::npos)
      for (const std::string_view number : parted(item.substr(colon + 1), ','))
        read_number(number, *request, field);
    requests.push_back(*request);
  }
  return requests;
}

}  // namespace muster::inline app
