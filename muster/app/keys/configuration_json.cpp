#include "muster/app/keys/configuration_json.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "muster/app/keys/catalogue.h"
#include "muster/app/keys/keys.h"

namespace muster::inline app {

std::string configuration_json(const Catalogue& catalogue, const Configuration& configuration) {
  std::vector<std::string> sections;
  for (const SectionTitle& title : section_titles()) {
    std::vector<std::string> entries;
    for (const Key& key : catalogue.keys())
      if (key.section() == title.name)
        entries.push_back(fmt::format("\"{}\":{}", key.short_name(), format_json(key.get(configuration))));
    sections.push_back(fmt::format("\"{}\":{{{}}}", title.name, fmt::join(entries, ",")));
  }
  return fmt::format("{{{}}}", fmt::join(sections, ","));
}

}  // namespace muster::inline app
