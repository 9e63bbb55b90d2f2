#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "muster/app/keys.h"
#include "muster/app/plan_result.h"
#include "muster/app/resolve.h"
#include "muster/app/text_lines.h"
#include "muster/base/error.h"
#include "muster/base/format.h"

namespace muster {

namespace {

bool replaced(const std::string& name) {
  return name.starts_with("schedule.") || name.starts_with("async.") || name == "run.out" ||
         name == "run.resume" || name == "comm.codec";
}

/// Keys of the schedule that the rule listens to.
std::vector<Setting> schedule_settings(const ScheduleSection& schedule) {
  const std::string& rule = schedule.rule;
  std::vector<Setting> settings = {{"schedule.rule", rule}};
  const auto add = [&](const std::string& name, const std::string& text) {
    settings.push_back({"schedule." + name, text});
  };
  if (rule != "every_step" && rule != "piecewise" && rule != "theory")
    add("base_period", std::to_string(schedule.base_period));
  if (rule == "qsr" || rule == "power") {
    add("growth", format_plain(schedule.growth.value_or(0)));
    if (rule == "power") add("exponent", format_plain(schedule.exponent));
    add("in_warmup", schedule.in_warmup);
  }
  if (rule == "post_local" || rule == "swap")
    add("switch_step", std::to_string(schedule.switch_step.value_or(0)));
  if (rule == "adaptive") {
    add("sampling_fraction", format_plain(schedule.sampling_fraction));
    add("band", format_plain(schedule.band));
  }
  if ((rule == "adaptive" || rule == "loss") && schedule.max_period)
    add("max_period", std::to_string(*schedule.max_period));
  if (rule == "loss") {
    if (schedule.interval) add("interval", std::to_string(*schedule.interval));
    if (schedule.interval_seconds) add("interval_seconds", format_plain(*schedule.interval_seconds));
    add("fallback", format_plain(schedule.fallback));
  }
  if (rule == "piecewise") add("pieces", schedule.pieces.value_or(""));
  if (rule == "theory") {
    add("theory", schedule.theory);
    add("condition_number", format_plain(schedule.condition_number));
  }
  return settings;
}

/// What the new rule has no use for would be refused.
void drop_contradictions(std::vector<Setting>& settings, const std::string& rule) {
  if (rule != "every_step") return;
  std::erase_if(settings, [](const Setting& one) {
    return one.name.starts_with("outer.") || one.name == "comm.group_size" ||
           one.name == "comm.inner_period" || one.name == "comm.overlap" || one.name == "comm.delay" ||
           one.name == "comm.merge" || one.name == "comm.blend" || one.name == "comm.fragments";
  });
}

std::vector<Setting> recommended_settings(const PlanResult& plan) {
  std::vector<Setting> settings = plan.request.settings;
  std::erase_if(settings, [](const Setting& one) { return replaced(one.name); });
  const ScheduleSection& schedule = plan.rows[plan.advice.row].schedule;
  drop_contradictions(settings, schedule.rule);
  if (plan.request.asynchronous()) {  // counts the steps of each worker
    std::erase_if(settings,
                  [](const Setting& one) { return one.name == "run.steps" || one.name == "run.epochs"; });
    settings.push_back({"run.steps", std::to_string(plan.request.steps)});
  }
  for (Setting& one : schedule_settings(schedule)) settings.push_back(std::move(one));
  if (plan.advice.comm.codec != "fp32") settings.push_back({"comm.codec", plan.advice.comm.codec});
  return settings;
}

std::string sections(const std::vector<Setting>& settings) {
  std::string text;
  for (const SectionTitle& title : section_titles()) {
    std::string lines;
    for (const Key& key : all_keys()) {
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

std::string recommended_toml(const PlanResult& plan) {
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
  resolve(std::nullopt, settings, Scope::preview);  // refuses what muster train would refuse
  return text + sections(settings);
}

}  // namespace muster
