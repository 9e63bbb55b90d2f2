#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "muster/app/keys/catalogue.h"
#include "muster/app/keys/keys.h"
#include "muster/app/options/resolve.h"
#include "muster/app/options/text_lines.h"
#include "muster/app/planner/plan_result.h"
#include "muster/base/error.h"
#include "muster/base/format.h"

namespace muster::inline app {

namespace {

bool replaced(const std::string& name) {
  return name.starts_with("schedule.") || name.starts_with("async.") || name == "run.out" ||
         name == "run.resume" || name == "comm.codec";
}

/// Keys of the schedule that the rule uses.
std::vector<Setting> schedule_settings(const RuleKind& rule, const Values& values) {
  std::vector<Setting> settings = {{"schedule.rule", rule.name}};
  for (const FieldUse& use : rule.uses)
    if (const std::string text = format_plain(values.of(use.field)); !text.empty())
      settings.push_back({"schedule." + use.field.name, text});
  return settings;
}

/// Removes keys that the new rule has no use for, as they would be refused.
void drop_contradictions(std::vector<Setting>& settings, const RuleKind& rule) {
  if (rule.gradients != GradientMeetings::always) return;
  std::erase_if(settings, [](const Setting& one) {
    return one.name.starts_with("outer.") || one.name == "comm.group_size" ||
           one.name == "comm.inner_period" || one.name == "comm.overlap" || one.name == "comm.delay" ||
           one.name == "comm.merge" || one.name == "comm.blend" || one.name == "comm.fragments";
  });
}

std::vector<Setting> recommended_settings(const PlanResult& plan) {
  std::vector<Setting> settings = plan.request.settings;
  std::erase_if(settings, [](const Setting& one) { return replaced(one.name); });
  const PlanRow& row = plan.rows[plan.advice.row];
  drop_contradictions(settings, *row.rule);
  if (plan.request.asynchronous()) {  // counts the steps of each worker
    std::erase_if(settings,
                  [](const Setting& one) { return one.name == "run.steps" || one.name == "run.epochs"; });
    settings.push_back({"run.steps", std::to_string(plan.request.steps)});
  }
  for (Setting& one : schedule_settings(*row.rule, row.values)) settings.push_back(std::move(one));
  if (!plan.advice.codec->lossless) settings.push_back({"comm.codec", plan.advice.codec->name});
  return settings;
}

std::string sections(const Catalogue& catalogue, const std::vector<Setting>& settings) {
  std::string text;
  for (const SectionTitle& title : section_titles()) {
    std::string lines;
    for (const Key& key : catalogue.keys()) {
      if (key.section() != title.name) continue;
      const auto found = std::find_if(settings.begin(), settings.end(),
                                      [&](const Setting& one) { return one.name == key.name; });
      if (found != settings.end())
        lines += fmt::format("{} = {}\n", key.short_name(),
                             format_toml(parse_value(key.type, key.name, found->text)));
    }
    if (!lines.empty()) text += fmt::format("\n[{}]\n{}", title.name, lines);
  }
  return text;
}

}  // namespace

std::string recommended_toml(const Catalogue& catalogue, const PlanResult& plan) {
  const PlanRow& row = plan.rows[plan.advice.row];
  std::string text = "# Recommended by\n" + wrapped(plan.request.command, "#   ");
  text += "#\n" + wrapped(fmt::format("Planned: {} rounds, {} ({}).", format_count(row.walk.meetings()),
                                      format_duration(plan.advice.time.total()), plan.basis.source),
                          "# ");
  text += "#\n# Why:\n";
  for (const std::string& line : plan.advice.reasons) text += wrapped("- " + line, "# ");
  if (!plan.advice.risks.empty()) text += "#\n# What it may cost:\n";
  for (const std::string& line : plan.advice.risks) text += wrapped("- " + line, "# ");
  const std::vector<Setting> settings = recommended_settings(plan);
  resolve(catalogue, std::nullopt, settings, Scope::preview);  // refuses what muster train would refuse
  return text + sections(catalogue, settings);
}

}  // namespace muster::inline app
