#include "muster/task/images/left_alone.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <utility>
#include <vector>

#include "muster/base/format.h"

namespace muster::inline task {

void LeftAlone::other_file(const std::string& name) {
  std::string ending = std::filesystem::path(name).extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (ending.empty() || ending == ".")
    add("file without an ending", "files without an ending", name, false);
  else
    ++endings_["*" + ending];
}

void LeftAlone::add(const std::string& kind, const std::string& kinds, const std::string& path,
                    bool name_it) {
  const auto [place, fresh] = kinds_.try_emplace(kind, Kind{kinds, name_it ? path : "", 0});
  ++place->second.count;
}

void LeftAlone::add(const LeftAlone& more) {
  for (const auto& [ending, count] : more.endings_) endings_[ending] += count;
  for (const auto& [singular, kind] : more.kinds_) {
    const auto [place, fresh] = kinds_.try_emplace(singular, kind);
    if (!fresh) place->second.count += kind.count;
  }
}

std::string LeftAlone::text() const {
  constexpr size_t most_endings = 8;
  std::vector<std::pair<int64_t, std::string>> endings;
  for (const auto& [ending, count] : endings_) endings.emplace_back(-count, ending);
  std::sort(endings.begin(), endings.end());
  std::string text;
  const auto append = [&text](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  int64_t others = 0;
  for (size_t i = 0; i < endings.size(); ++i)
    if (i < most_endings)
      append(fmt::format("{} {}", format_count(-endings[i].first), endings[i].second));
    else
      others -= endings[i].first;
  if (others > 0)
    append(fmt::format("{} of {} other endings", format_count(others), endings.size() - most_endings));
  for (const auto& [singular, kind] : kinds_) {
    const std::string more = kind.count > 1 ? " and others" : "";
    append(fmt::format("{} {}{}", format_count(kind.count), kind.count == 1 ? singular : kind.plural,
                       kind.first.empty() ? "" : fmt::format(" ('{}'{})", kind.first, more)));
  }
  return text;
}

}  // namespace muster::inline task
