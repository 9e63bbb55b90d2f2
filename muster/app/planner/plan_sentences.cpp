#include <fmt/format.h>

#include "muster/app/planner/plan_result.h"
#include "muster/base/format.h"

namespace muster::inline app {

namespace {

std::string counted(int64_t count, const char* word) {
  return fmt::format("{} {}{}", format_count(count), word, count == 1 ? "" : "s");
}

}  // namespace

std::string plan_answer(const PlanResult& plan) {
  const PlanRow& chosen = plan.rows[plan.advice.row];
  const std::string name =
      chosen.name + (plan.advice.codec->lossless ? "" : " with comm.codec " + plan.advice.codec->name);
  const std::string time = format_duration(plan.advice.time.total());
  if (plan.advice.row == plan.every_step && plan.advice.codec->lossless)
    return fmt::format("{}: {}, and no rule saves much of it", name, time);
  return fmt::format("{}: {} instead of {} with a meeting at every step", name, time,
                     format_duration(plan.rows[plan.every_step].time.total()));
}

std::string plan_subject(const PlanResult& plan) {
  const HostGroup& group = plan.basis.costs.group;
  return fmt::format("{} of {} on {}", counted(plan.request.steps, "step"),
                     counted(group.workers(), "worker"), counted(group.hosts, "host"));
}

std::string scan_sentence(const PlanScan& scan) {
  if (!scan.pays_up_to || scan.points.empty()) return {};
  const int64_t last = scan.points.back().workers;
  const std::string pays =
      fmt::format("More workers bring at least half of their share up to {}", format_count(*scan.pays_up_to));
  if (scan.fastest.value_or(last) == last)
    return fmt::format("{}; the run gets faster up to {}, the largest number that was planned.", pays,
                       format_count(last));
  return fmt::format("{}; the fastest number is {}.", pays, format_count(*scan.fastest));
}

}  // namespace muster::inline app
