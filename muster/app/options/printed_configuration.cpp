#include "muster/app/options/printed_configuration.h"

#include <fmt/format.h>

#include "muster/app/keys/catalogue.h"
#include "muster/app/keys/configuration_json.h"
#include "muster/app/keys/keys.h"
#include "muster/app/options/toml_file.h"

namespace muster::inline app {

namespace {

// The default number of workers depends on the machine, and async.outer marks the file of an asynchronous
// run.
bool is_always_printed(const Key& key, Scope scope) {
  return key.name == "run.workers" || (key.name == "async.outer" && is_asynchronous(scope));
}

}  // namespace

const CommandFlag print_config_flag = {
    "print-config", "[=all]",
    "Write what the configuration differs in from the defaults as a TOML file and end; =all: every key, with "
    "its meaning (with --json: every key as JSON)."};

std::string differences_toml(const Catalogue& catalogue, const Resolution& resolution, Scope scope) {
  const Configuration defaults;
  std::string text =
      "# What differs from the defaults; --print-config=all writes every key with its meaning.\n";
  for (const SectionTitle& title : section_titles()) {
    std::string lines;
    for (const Key& key : catalogue.keys()) {
      if (key.section() != title.name || !has_use(scope, key)) continue;
      const bool differs = key.get(resolution.given) != key.get(defaults);
      if (!differs && !is_always_printed(key, scope)) continue;
      const std::string value = format_toml(key.get(resolution.configuration));
      if (!value.empty()) lines += fmt::format("{} = {}\n", key.short_name(), value);
    }
    if (!lines.empty()) text += fmt::format("\n[{}]\n{}", title.name, lines);
  }
  return text;
}

std::optional<std::string> printed_configuration(const Catalogue& catalogue, const Arguments& arguments,
                                                 const Resolution& resolution, Scope scope) {
  const auto flag = arguments.flag("print-config");
  if (!flag) return std::nullopt;
  if (arguments.has("json")) return configuration_json(catalogue, resolution.configuration) + "\n";
  return *flag == "all" ? write_toml(catalogue, resolution.configuration)
                        : differences_toml(catalogue, resolution, scope);
}

}  // namespace muster::inline app
