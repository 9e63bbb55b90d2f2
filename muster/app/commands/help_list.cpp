#include "muster/app/commands/help_list.h"

#include <algorithm>
#include <map>

#include "muster/app/commands/command_table.h"
#include "muster/app/keys/catalogue.h"
#include "muster/app/planner/plan_request.h"
#include "muster/app/study/study_convex_request.h"
#include "muster/app/study/study_slow_sde_request.h"
#include "muster/app/study/study_teacher_request.h"
#include "muster/base/error.h"

namespace muster::inline app {

namespace {

using Page = const CommandHelp& (*)();

const std::map<std::string_view, Page>& pages() {
  static const std::map<std::string_view, Page> all = {
      {"train", train_help},         {"simulate", simulate_help},     {"launch", launch_help},
      {"chaos", chaos_help},         {"serve", serve_help},           {"work", work_help},
      {"status", status_help},       {"compare", compare_help},       {"study", study_help},
      {"reproduce", reproduce_help}, {"report", report_help},         {"evaluate", evaluate_help},
      {"probe", probe_help},         {"sample", sample_help},         {"convert", convert_help},
      {"plan", plan_help},           {"schedule", schedule_help},     {"models", models_help},
      {"signature", signature_help}, {"completion", completion_help}, {"version", version_help},
  };
  return all;
}

std::vector<HelpEntry> collect() {
  std::vector<HelpEntry> entries;
  for (const Command& command : muster_commands()) {
    const auto page = pages().find(command.name);
    if (page == pages().end()) throw Bug("no help page: " + std::string(command.name));
    entries.push_back({command.name, command.summary, &page->second()});
    if (command.name != "study") continue;
    entries.push_back(
        {"study convex", "rates, speed-up and periods where the optimum is known", &convex_help()});
    entries.push_back({"study slow-sde", "SGD and Local SGD compared with their slow SDE", &slow_sde_help()});
    entries.push_back(
        {"study teacher", "rules for meetings on a small network, with paired seeds", &teacher_help()});
  }
  return entries;
}

}  // namespace

const std::vector<HelpEntry>& all_help() {
  static const std::vector<HelpEntry> entries = collect();
  return entries;
}

std::vector<const Key*> keys_of(const Catalogue& catalogue, const CommandHelp& help) {
  std::vector<const Key*> keys;
  for (const Key& key : catalogue.keys())
    if (std::find(help.sections.begin(), help.sections.end(), key.section()) != help.sections.end())
      keys.push_back(&key);
  return keys;
}

}  // namespace muster::inline app
