#include "muster/app/compare/comparison.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <limits>
#include <map>
#include <set>
#include <sstream>

#include "muster/app/keys/catalogue.h"
#include "muster/app/keys/configuration_json.h"
#include "muster/app/keys/keys.h"
#include "muster/app/options/resolve.h"
#include "muster/app/options/toml_file.h"
#include "muster/base/error.h"
#include "muster/report/run_history.h"

namespace muster::inline app {

namespace {

bool says_length(const std::vector<Setting>& settings) {
  return std::any_of(settings.begin(), settings.end(), [](const Setting& setting) {
    return setting.name == "run.steps" || setting.name == "run.epochs";
  });
}

// A length (steps or epochs) replaces that of the layers below.
void put_over(std::vector<Setting>& settings, const std::vector<Setting>& layer) {
  if (says_length(layer))
    std::erase_if(settings, [](const Setting& setting) {
      return setting.name == "run.steps" || setting.name == "run.epochs";
    });
  settings.insert(settings.end(), layer.begin(), layer.end());
}

void check_name(const std::string& name) {
  const bool safe =
      !name.empty() && name.size() <= 64 && std::isalnum(static_cast<unsigned char>(name[0])) != 0 &&
      std::all_of(name.begin(), name.end(),
                  [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.'; });
  if (!safe || name == "comparison.json" || name == "report.html")
    throw OptionError(
        "arm.name", shown(name),
        "names a folder: letters, digits, '_', '-' and '.', beginning with a letter or digit, at most "
        "64 of them");
}

void refuse_own_keys(const std::vector<Setting>& settings, bool of_an_arm) {
  for (const Setting& setting : settings) {
    if (setting.name == "run.out" || setting.name == "run.resume")
      throw OptionError(
          setting.name, shown(setting.text),
          "muster compare chooses the folder of each run itself and always resumes; use --out for the "
          "folder of them all");
    if (of_an_arm && setting.name == "run.seed")
      throw OptionError(
          setting.name, shown(setting.text),
          "the seeds are the same for every arm: use --run.seed for the first and --seeds for their "
          "number");
  }
}

void check_arms(const std::vector<ArmRequest>& arms) {
  if (arms.empty())
    throw OptionError(
        "arm", "(none)",
        "there is nothing to compare: add [[arm]] tables to the file (name = \"qsr\", schedule.rule = "
        "\"qsr\"), or --arm \"qsr: schedule.rule=qsr\" for each");
  std::set<std::string> names;
  for (const ArmRequest& arm : arms) {
    check_name(arm.name);
    if (!names.insert(arm.name).second)
      throw OptionError("arm.name", shown(arm.name), "two arms have this name; give each its own");
  }
}

Resolution resolved(const Catalogue& catalogue, const ComparisonRequest& request, const ArmRequest& arm) {
  std::vector<Setting> over = request.command_line;
  put_over(over, arm.settings);
  try {
    refuse_own_keys(arm.settings, true);
    return resolve_given(catalogue, settings_given("", request.file, over), Scope::training);
  } catch (const OptionError& error) {
    throw Error(fmt::format("arm '{}': {}", arm.name, error.what()));
  }
}

// Keys that change no result, or that differ by construction.
bool may_differ(const std::string& key) {
  return key == "run.out" || key == "run.resume" || key == "run.threads" || key == "run.loader_threads" ||
         key.starts_with("checkpoint.");
}

// Two names of one file or folder.
bool same_file(const std::string& one, const std::string& other) {
  std::error_code none;  // paths that do not exist are compared as texts
  return std::filesystem::equivalent(one, other, none);
}

std::string or_nothing(const std::string& value) { return value.empty() ? "(not given)" : shown(value); }

void require_same(const Catalogue& catalogue, const PlannedRun& run, const RunHistory& found) {
  const auto planned = flat_configuration(configuration_json(catalogue, run.configuration), run.folder);
  RunHistory defaults;
  defaults.configuration = flat_configuration(configuration_json(catalogue, Configuration{}), run.folder);
  for (const auto& [key, value] : planned) {
    const std::string& name = key;
    const bool known = std::any_of(found.configuration.begin(), found.configuration.end(),
                                   [&](const auto& entry) { return entry.first == name; });
    const std::string there = known ? found.setting(key) : defaults.setting(key);
    if (value.empty() || value == there || may_differ(key) || same_file(value, there)) continue;
    throw Error(fmt::format(
        "'{}' holds a run with {} = {}, but arm '{}' has {}: choose another --out, or remove that "
        "folder to train it again",
        run.folder, key, or_nothing(there), run.arm, or_nothing(value)));
  }
}

// The configuration of a run that has not ended, from the file in its folder; what was not given there is
// unknown.
FlatConfiguration configuration_of_file(const Catalogue& catalogue, const std::string& path) {
  return flat_configuration(configuration_json(catalogue, resolve(catalogue, path, {})), path);
}

bool holds_checkpoint(const std::string& folder) {
  std::error_code ignored;
  return std::filesystem::exists(folder + "/config.toml", ignored) &&
         std::filesystem::is_directory(folder + "/checkpoints", ignored) &&
         !std::filesystem::is_empty(folder + "/checkpoints", ignored);
}

}  // namespace

ArmRequest parse_arm(const Catalogue& catalogue, std::string_view text) {
  const auto colon = text.find(':');
  ArmRequest arm;
  std::istringstream name{std::string(text.substr(0, colon))};
  name >> arm.name;
  std::string rest;
  if (colon == std::string_view::npos || arm.name.empty() || name >> rest)
    throw OptionError("--arm", shown(text),
                      "must be a name, a colon and settings: \"qsr: schedule.rule=qsr growth=0.1\"");
  std::istringstream words{std::string(text.substr(colon + 1))};
  for (std::string word; words >> word;) {
    while (word.starts_with('-')) word.erase(0, 1);
    const auto equals = word.find('=');
    if (equals == std::string::npos)
      throw OptionError("--arm", shown(text), fmt::format("'{}' must be key=value", shown(word)));
    const std::string value = word.substr(equals + 1);
    try {
      arm.settings.push_back({catalogue.find_key(word.substr(0, equals), value).name, value});
    } catch (const OptionError& error) {
      throw Error(fmt::format("arm '{}': {}", arm.name, error.what()));
    }
  }
  return arm;
}

std::string arms_toml(const Catalogue& catalogue, const std::vector<ArmRequest>& arms) {
  std::string text;
  for (const ArmRequest& arm : arms) {
    text += fmt::format("\n[[arm]]\nname = {}\n", format_toml(arm.name));
    for (const Setting& setting : arm.settings) {
      const Key& key = catalogue.find_key(setting.name, setting.text);
      text += fmt::format("{} = {}\n", key.name, format_toml(parse_value(key.type, key.name, setting.text)));
    }
  }
  return text;
}

std::vector<ArmRequest> arms_of(const Catalogue& catalogue, const Arguments& arguments) {
  std::vector<ArmRequest> arms;
  for (const std::string& text : arguments.all("arm")) arms.push_back(parse_arm(catalogue, text));
  return arms;
}

std::vector<PlannedRun> plan_comparison(const Catalogue& catalogue, const ComparisonRequest& request) {
  check_arms(request.arms);
  refuse_own_keys(request.command_line, false);
  std::vector<Resolution> arms;
  for (const ArmRequest& arm : request.arms) arms.push_back(resolved(catalogue, request, arm));
  const int64_t first_seed = arms.front().configuration.run.seed;
  if (first_seed > std::numeric_limits<int64_t>::max() - request.seeds)
    throw OptionError("run.seed", std::to_string(first_seed),
                      "the seeds after it do not fit into 64 bits; use a smaller one");
  std::vector<PlannedRun> plan;
  for (int64_t i = 0; i < request.seeds; ++i)
    for (size_t a = 0; a < request.arms.size(); ++a) {
      const Configuration& configuration = arms[a].configuration;
      PlannedRun run{request.arms[a].name, configuration.run.seed + i, "", configuration, arms[a].unused};
      run.folder = fmt::format("{}/{}/seed-{}", request.folder, run.arm, run.seed);
      run.configuration.run.seed = run.seed;
      if (catalogue.tasks().at(run.configuration.task.name).made && !run.configuration.task.data_seed)
        run.configuration.task.data_seed = configuration.run.seed;
      run.configuration.run.out = run.folder;
      run.configuration.run.resume = true;
      plan.push_back(std::move(run));
    }
  return plan;
}

ResultCheck found_result(const Catalogue& catalogue, const PlannedRun& run) {
  ResultCheck result = check_result(run.folder);
  if (result.whole()) {
    require_same(catalogue, run, read_run_history(run.folder));
    return result;
  }
  if (!holds_checkpoint(run.folder)) return result;
  RunHistory begun;
  begun.configuration = configuration_of_file(catalogue, run.folder + "/config.toml");
  require_same(catalogue, run, begun);
  return result;
}

std::vector<std::string> take_own_keys(std::vector<FileSetting>& file) {
  std::vector<std::string> taken;
  std::erase_if(file, [&](const FileSetting& setting) {
    const bool own = setting.name == "run.out" || setting.name == "run.resume";
    if (own && setting.value != Value(false)) taken.push_back(setting.name);
    return own;
  });
  return taken;
}

std::vector<std::string> unused_in(const std::vector<PlannedRun>& plan) {
  std::vector<std::string> names;
  std::map<std::string, std::vector<std::string>> arms_without;  // of each key the arms that do not use it
  std::set<std::string> arms;
  for (const PlannedRun& run : plan) {
    if (!arms.insert(run.arm).second) continue;
    for (const std::string& key : run.unused) arms_without[key].push_back(run.arm);
  }
  for (const auto& [key, without] : arms_without)
    names.push_back(without.size() == arms.size() ? key
                                                  : fmt::format("{} (in {})", key, fmt::join(without, ", ")));
  return names;
}

std::vector<Arm> read_arms(const Catalogue& catalogue, const std::vector<PlannedRun>& plan) {
  std::vector<Arm> arms;
  for (const PlannedRun& planned : plan) {
    const bool whole = check_result(planned.folder).whole();
    RunHistory run = whole ? read_run_history(planned.folder) : read_rounds_so_far(planned.folder);
    run.arm = planned.arm;
    if (!run.finished)
      set_configuration(
          run, flat_configuration(configuration_json(catalogue, planned.configuration), planned.folder));
    const auto found =
        std::find_if(arms.begin(), arms.end(), [&](const Arm& arm) { return arm.name == planned.arm; });
    if (found == arms.end())
      arms.push_back({planned.arm, {std::move(run)}});
    else
      found->runs.push_back(std::move(run));
  }
  return arms;
}

std::vector<Setting> text_settings(const std::vector<FileSetting>& settings) {
  std::vector<Setting> result;
  for (const FileSetting& setting : settings) result.push_back({setting.name, format_plain(setting.value)});
  return result;
}

}  // namespace muster::inline app
