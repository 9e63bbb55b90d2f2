#include "muster/app/options/given.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "muster/app/keys/catalogue.h"
#include "muster/app/options/run_configuration.h"
#include "muster/base/error.h"
#include "muster/base/printable.h"
#include "muster/choice/value.h"
#include "muster/report/html_text.h"

namespace muster::inline app {

namespace {

constexpr size_t most_names = 8;

bool fits(RunKind kind, Scope scope) {
  if (scope == Scope::simulation) return kind == RunKind::simulated;
  if (scope == Scope::serving) return kind == RunKind::served;
  return kind == RunKind::trained;
}

// The file's path for the folder if it means the same folder, else `folder`.
std::string own_name(const std::string& folder, const Value& in_file) {
  const auto* const text = std::get_if<std::string>(&in_file);
  std::error_code other;  // a path that does not exist is another folder
  return text != nullptr && std::filesystem::equivalent(folder, *text, other) ? *text : folder;
}

void drop(std::vector<FileSetting>& file, std::string_view name) {
  std::erase_if(file, [&](const FileSetting& setting) { return setting.name == name; });
}

Value value_of(const std::vector<FileSetting>& file, std::string_view name) {
  Value value;
  for (const FileSetting& setting : file)
    if (setting.name == name) value = setting.value;
  return value;
}

// The folder in which the file lies overrides its run.out: the folder may have been moved.
void use_own_folder(Given& given, const std::string& folder, Scope scope) {
  const Value told = value_of(given.file, "run.out");
  const auto kind = kind_of_run(folder);
  if (kind && !fits(*kind, scope)) {
    for (const char* name : {"run.out", "run.resume"}) {
      if (value_of(given.file, name) != Value() && value_of(given.file, name) != Value(false))
        given.unused.emplace_back(name);
      drop(given.file, name);
    }
    return;
  }
  drop(given.file, "run.out");
  given.file.push_back({"run.out", own_name(folder, told)});
}

// A folder is named to continue its run.
void continue_run(Given& given, const std::string& path, Scope scope) {
  const auto folder = folder_of_run(given.source);
  if (!folder)
    throw OptionError("CONFIG", shown(path),
                      "holds no run that could be continued; name its config.toml to begin one");
  const auto kind = kind_of_run(*folder);
  if (kind && !fits(*kind, scope))
    throw OptionError("CONFIG", shown(path),
                      fmt::format("is the folder of a run of muster {0}: use muster {0} {1}, or name its "
                                  "config.toml to begin another run with it",
                                  command_of(*kind), shell_quoted(path)));
  drop(given.file, "run.resume");
  given.file.push_back({"run.resume", true});
}

std::string section_of(const std::string& name) { return name.substr(0, name.find('.')); }

// Many keys of one section become one entry with their number.
std::vector<std::string> summed_up(const std::vector<std::string>& unused) {
  if (unused.size() <= most_names) return unused;
  std::map<std::string, int> counts;
  for (const std::string& name : unused)
    if (name.find(' ') == std::string::npos) ++counts[section_of(name)];
  std::vector<std::string> parts;
  for (const std::string& name : unused) {
    const auto found = counts.find(section_of(name));
    if (found == counts.end() || found->second == 1)
      parts.push_back(name);
    else if (const int count = std::exchange(found->second, 0); count > 0)
      parts.push_back(fmt::format("{}.* ({} keys)", found->first, count));
  }
  return parts;
}

std::string arms_of(const std::vector<ArmTable>& arms) {
  std::vector<std::string> names;
  for (const ArmTable& arm : arms) names.push_back(printable(arm.name));
  return fmt::format("its arms {} (muster compare trains them)", fmt::join(names, ", "));
}

}  // namespace

Given read_given(const Catalogue& catalogue, const std::optional<std::string>& path,
                 std::vector<Setting> over, Scope scope) {
  if (!path) return settings_given("", {}, std::move(over));
  const std::string file = configuration_file(*path);
  ComparisonFile content = read_comparison_file(catalogue, file);
  Given given = settings_given(file, std::move(content.base), std::move(over));
  if (!content.arms.empty()) given.unused.push_back(arms_of(content.arms));
  if (is_walked(scope) || scope == Scope::evaluation) return given;
  if (file != *path) continue_run(given, *path, scope);
  if (const auto folder = folder_of_run(file)) use_own_folder(given, *folder, scope);
  return given;
}

Given settings_given(const std::string& source, std::vector<FileSetting> file, std::vector<Setting> over) {
  return {source, std::move(file), std::move(over), {}};
}

std::vector<std::string> without_use(const Catalogue& catalogue, const std::vector<FileSetting>& file,
                                     Scope scope) {
  const Configuration defaults;
  std::vector<std::string> names;
  for (const FileSetting& setting : file) {
    const Key& key = catalogue.find_key(setting.name, "");
    if (!has_use(scope, key) && setting.value != key.get(defaults)) names.push_back(key.name);
  }
  return names;
}

std::string unused_line(const std::string& source, const std::string& command,
                        const std::vector<std::string>& unused) {
  if (unused.empty()) return {};
  return fmt::format("{}: without use in {}, left out: {}", printable(source), command,
                     fmt::join(summed_up(unused), ", "));
}

}  // namespace muster::inline app
