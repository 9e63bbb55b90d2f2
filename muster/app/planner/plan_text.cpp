#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "muster/app/options/terminal_text.h"
#include "muster/app/options/text_lines.h"
#include "muster/app/planner/plan_result.h"
#include "muster/base/format.h"
#include "muster/report/table.h"

namespace muster::inline app {

namespace {

constexpr size_t most_rows = 40;

std::string share(double part, double whole) {
  return whole > 0 ? fmt::format("{:.1f} %", 100 * part / whole) : "-";
}

std::string rules_lines(const PlanResult& plan) {
  std::vector<Table::Column> columns = {{"rule", Align::left}};
  for (const char* heading : {"rounds", "of steps", "sent by a worker", "time", "computing", "waiting",
                              "meeting", "failures", "other"})
    columns.push_back({heading, Align::right});
  if (plan.request.price) columns.push_back({"cost", Align::right});
  columns.push_back({"most goes to", Align::left});
  Table table(columns);
  std::set<size_t> shown = {0, plan.every_step, plan.advice.row};
  for (size_t i = 0; i < plan.rows.size() && shown.size() < most_rows; ++i) shown.insert(i);
  for (const size_t i : shown) {
    const PlanRow& row = plan.rows[i];
    const RunTime& time = row.time;
    std::vector<std::string> cells = {
        row.name + (row.walk.estimated ? " ~" : "") + (i == plan.advice.row ? " *" : ""),
        format_count(row.walk.meetings()),
        share(row.walk.communication(), 1),
        row.bytes_per_worker > 0 ? format_bytes(row.bytes_per_worker) : "-",
        format_duration(time.total()),
        share(time.compute, time.total()),
        share(time.waiting, time.total()),
        share(time.communication(), time.total()),
        share(time.failures, time.total()),
        share(time.other, time.total())};
    if (row.cost) cells.push_back(fmt::format("{:.2f}", *row.cost));
    cells.emplace_back(name_of(time.bottleneck()));
    table.add_row(std::move(cells));
  }
  std::string text = fitted(table);
  if (plan.rows.size() > shown.size())
    text +=
        fmt::format("and {} more settings: --json or --out has them all\n", plan.rows.size() - shown.size());
  text += "* recommended   ~ an estimate: the rule follows what a run measures\n";
  return text;
}

std::string travels_table(const PlanResult& plan) {
  if (plan.travels.empty()) return {};
  Table table({{fmt::format("how means are sent ({})", plan.rows[plan_choice(plan)].name), Align::left},
               {"sent by a worker", Align::right},
               {"time", Align::right}});
  for (const PlanTravel& travel : plan.travels)
    table.add_row({travel.name, format_bytes(travel.bytes_per_worker), format_duration(travel.time.total())});
  return "\n" + fitted(table) + "Encoding takes processor time that is not counted here.\n";
}

std::string scan_text(const PlanResult& plan, const PlanScan& scan) {
  std::vector<Table::Column> columns = {{"workers (" + scan.rule + ")", Align::right}};
  for (const char* heading : {"hosts", "steps", "time", "last ones brought"})
    columns.push_back({heading, Align::right});
  if (plan.request.price) columns.push_back({"cost", Align::right});
  columns.push_back({"most goes to", Align::left});
  Table table(columns);
  for (size_t i = 0; i < scan.points.size(); ++i) {
    const PlanScale& point = scan.points[i];
    if (plan.request.scan.empty() && i % 2 == 1 && i + 1 < scan.points.size() &&
        point.workers != scan.pays_up_to)
      continue;  // every power of two and the limit
    std::vector<std::string> cells = {format_count(point.workers), format_count(point.hosts),
                                      format_count(point.steps), format_duration(point.time.total()),
                                      i == 0 ? "-" : share(point.marginal, 1)};
    if (point.cost) cells.push_back(fmt::format("{:.2f}", *point.cost));
    cells.emplace_back(name_of(point.time.bottleneck()));
    table.add_row(std::move(cells));
  }
  return "\n" + fitted(table) +
         wrapped("The same samples in fewer, larger steps. " + scan_sentence(scan), "");
}

std::string async_text(const PlanResult& plan) {
  if (!plan.async) return {};
  return fmt::format(
      "\nAsynchronous, as configured: {} for {} arrivals, {:.1f} % of the workers' time computing; in "
      "lockstep the "
      "same rounds take {}.\n",
      format_duration(plan.async->seconds), format_count(plan.async->arrivals), 100 * plan.async->utilisation,
      format_duration(plan.async->lockstep_seconds));
}

}  // namespace

std::string plan_text(const PlanResult& plan) {
  const RunCosts& costs = plan.basis.costs;
  const PlanRow& own = plan.rows.front();
  const MeetingTime meeting = meeting_time(costs.meeting, costs.group, costs.message_bytes, false);
  std::string text = wrapped("Recommended: " + plan_answer(plan), "");
  for (const std::string& line : plan.advice.reasons) text += wrapped_hanging(line, "- ", "  ");
  for (const std::string& line : plan.advice.risks) text += wrapped_hanging(line, "- ", "  ");
  text += "\n" +
          wrapped(fmt::format(
                      "Planned for {}; a step takes {}, a meeting {} ({}).", plan_subject(plan),
                      format_duration(costs.step.seconds * costs.step.mean_slowness(costs.group.workers())),
                      format_duration(meeting.total()), plan.basis.source),
                  "");
  if (plan.basis.solved)
    text += wrapped(
        fmt::format("Meeting at every step communicates {:.4g} h and computes {:.4g} h: {:.4g} s a step.",
                    plan.basis.solved->communication_hours, plan.basis.solved->compute_hours,
                    costs.step.seconds),
        "");
  text += fmt::format("{} as configured: most of its time goes to {}.\n", own.name,
                      name_of(own.time.bottleneck()));
  for (const std::string& note : plan.basis.notes) text += wrapped(note, "");
  text += "\n" + rules_lines(plan) + travels_table(plan);
  for (const PlanScan& scan : plan.scans) text += scan_text(plan, scan);
  return text + async_text(plan);
}

}  // namespace muster::inline app
