#include "muster/app/reproduce/tuned_settings.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <cmath>

#include "muster/app/reproduce/claim_row.h"
#include "muster/app/reproduce/embedded_files.h"
#include "muster/base/error.h"
#include "muster/base/file.h"

namespace muster::inline app {

namespace {

TunedArm read_arm(const toml::table& table, const std::string& file) {
  const std::vector<std::string_view> keys = {"name",  "setting", "value", "grid",
                                              "means", "errors",  "seeds", "best"};
  const ClaimRow nameless(table, file + ": an [[arm]]", keys);
  const ClaimRow row(table, fmt::format("{}: arm '{}'", file, nameless.text("name", true)), keys);
  TunedArm arm{row.text("name"),
               row.text("setting", true),
               row.above_zero("value", -1),
               row.numbers("grid"),
               row.numbers("means"),
               row.numbers("errors"),
               row.seeds("seeds"),
               row.text("best", true) == "most"};
  if (arm.grid.empty() || arm.grid.size() != arm.means.size() || arm.grid.size() != arm.errors.size())
    row.fail("needs as many 'means' and 'errors' as its 'grid' has values");
  if (arm.grid[best_of(arm)] != arm.value)
    row.fail(
        fmt::format("has the value {}, but the best of its grid is {}", arm.value, arm.grid[best_of(arm)]));
  if (!is_inside(arm))
    row.fail(
        fmt::format("has its best value {} on the edge of its grid: tune it over a wider one", arm.value));
  return arm;
}

template <class T>
std::string list(const std::vector<T>& values) {
  std::string text;
  for (const T& value : values) {
    std::string one = fmt::format("{}", value);
    text += (text.empty() ? "" : ", ") + one;
  }
  return "[" + text + "]";
}

}  // namespace

size_t best_of(const TunedArm& arm) {
  size_t best = arm.means.size();
  for (size_t i = 0; i < arm.means.size(); ++i) {
    if (!std::isfinite(arm.means[i])) continue;
    if (best == arm.means.size() ||
        (arm.most ? arm.means[i] > arm.means[best] : arm.means[i] < arm.means[best]))
      best = i;
  }
  if (best == arm.means.size()) throw DataError(fmt::format("arm '{}' has no value that works", arm.name));
  return best;
}

bool is_inside(const TunedArm& arm) {
  const size_t best = best_of(arm);
  return best > 0 && best + 1 < arm.grid.size();
}

std::vector<TunedArm> parse_tuned(std::string_view text, const std::string& file) {
  toml::table table;
  try {
    table = toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    throw DataError(fmt::format("{}:{}: {}", file, error.source().begin.line, error.description()));
  }
  const ClaimRow row(table, file, {"arm"});
  std::vector<TunedArm> arms;
  for (const toml::table* one : row.tables("arm")) arms.push_back(read_arm(*one, file));
  return arms;
}

std::string tuned_text(const std::vector<TunedArm>& arms) {
  std::string text =
      "# Best settings of arms, found by `muster reproduce all --tune` with other seeds than those of the "
      "verdicts.\n# means: of the result at each value of the grid, with standard errors.\n";
  for (const TunedArm& arm : arms)
    text += fmt::format(
        "\n[[arm]]\nname = \"{}\"\nsetting = \"{}\"\nvalue = {}\nbest = \"{}\"\ngrid = {}\nmeans = {}\n"
        "errors = {}\nseeds = {}\n",
        arm.name, arm.setting, arm.value, arm.most ? "most" : "least", list(arm.grid), list(arm.means),
        list(arm.errors), list(arm.seeds));
  return text;
}

std::vector<TunedArm> load_tuned(const std::optional<std::string>& folder) {
  constexpr std::string_view name = "tuned/settings.toml";
  if (folder) {
    const std::string path = fmt::format("{}/{}", *folder, name);
    return is_there(path) ? parse_tuned(read_file(path), path) : std::vector<TunedArm>();
  }
  for (const EmbeddedFile& file : embedded_files())
    if (file.path == fmt::format("reproduce/{}", name)) return parse_tuned(file.text, std::string(file.path));
  return {};
}

}  // namespace muster::inline app
