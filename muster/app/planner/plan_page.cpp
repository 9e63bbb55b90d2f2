#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "muster/app/planner/plan_result.h"
#include "muster/base/format.h"
#include "muster/report/study_page.h"

namespace muster::inline app {

namespace {

double hours(const RunTime& time) { return time.total() / 3600; }

/// Rules to draw: every_step, the recommended one, the configured one, and constant periods.
std::vector<const PlanRow*> drawn(const PlanResult& plan) {
  std::vector<const PlanRow*> rows = {&plan.rows[plan.every_step]};
  const auto add = [&](const PlanRow& row) {
    const bool there = std::any_of(rows.begin(), rows.end(), [&](const PlanRow* other) {
      return other->name == row.name || (other->rule == row.rule && other->values == row.values);
    });
    if (!there && rows.size() < 6) rows.push_back(&row);
  };
  add(plan.rows[plan.advice.row]);
  add(plan.rows.front());
  for (const PlanRow& row : plan.rows)
    if (row.name == "constant:2" || row.name == "constant:8" || row.name == "constant:32") add(row);
  return rows;
}

StudyChart against_period(const PlanResult& plan) {
  StudyChart chart{.title = "Time against the period",
                   .hint = "constant periods as a line, other rules at the mean length of their rounds",
                   .x_label = "steps for each meeting",
                   .y_label = "hours",
                   .log_x = true};
  StudyCurve constant{.label = "constant", .x = {}, .y = {}, .error = {}};
  std::vector<std::pair<double, double>> points = {{1, hours(plan.rows[plan.every_step].time)}};
  for (const PlanRow& row : plan.rows)
    if (row.rule->one_period) points.emplace_back(*row.base_period(), hours(row.time));
  std::sort(points.begin(), points.end());
  for (const auto& [period, time] : points) constant.x.push_back(period), constant.y.push_back(time);
  chart.curves.push_back(std::move(constant));
  std::vector<StudyCurve> others;
  for (const PlanRow& row : plan.rows) {
    if (row.rule->one_period || row.rule->gradients == GradientMeetings::always) continue;
    auto curve = std::find_if(others.begin(), others.end(),
                              [&](const StudyCurve& one) { return one.label == row.rule->name; });
    if (curve == others.end())
      curve = others.insert(curve, {.label = row.rule->name, .x = {}, .y = {}, .error = {}, .points = true});
    curve->x.push_back(1 / row.walk.communication());
    curve->y.push_back(hours(row.time));
  }
  for (StudyCurve& curve : others) chart.curves.push_back(std::move(curve));
  return chart;
}

StudyChart against_bandwidth(const PlanResult& plan) {
  StudyChart chart{.title = "Time against the network",
                   .hint = fmt::format("{} hosts, everything else as planned", plan.basis.costs.group.hosts),
                   .x_label = "Gbit/s of each host's link",
                   .y_label = "hours",
                   .log_x = true,
                   .log_y = true};
  for (const PlanRow* row : drawn(plan)) {
    StudyCurve curve{.label = row->name, .x = {}, .y = {}, .error = {}};
    RoundMaximum maximum(plan.basis.costs.step, plan.basis.costs.group.workers());
    for (double bits = 1e7; bits < 5e11; bits *= std::sqrt(2.0)) {
      RunCosts costs = plan.basis.costs;
      costs.meeting.bits_per_second = bits;
      curve.x.push_back(bits / 1e9);
      curve.y.push_back(hours(predict_run(row->walk, costs, maximum)));
    }
    chart.curves.push_back(std::move(curve));
  }
  return chart;
}

StudyChart against_workers(const PlanResult& plan, bool cost) {
  StudyChart chart{.title = cost ? "Cost against workers" : "Time against workers",
                   .hint = "the same samples in all; dashed: perfect scaling from one worker",
                   .x_label = "workers",
                   .y_label = cost ? "cost" : "hours",
                   .log_x = true,
                   .log_y = true};
  for (const PlanScan& scan : plan.scans) {
    StudyCurve curve{.label = scan.rule, .x = {}, .y = {}, .error = {}};
    for (const PlanScale& point : scan.points) {
      curve.x.push_back(static_cast<double>(point.workers));
      curve.y.push_back(cost ? point.cost.value_or(0) : hours(point.time));
    }
    chart.curves.push_back(std::move(curve));
  }
  if (cost || plan.scans.empty() || plan.scans.front().points.empty()) return chart;
  const StudyCurve& first = chart.curves.front();
  StudyCurve perfect{.label = "perfect", .x = first.x, .y = {}, .error = {}, .dashed = true};
  for (const double workers : perfect.x) perfect.y.push_back(first.y.front() * first.x.front() / workers);
  chart.curves.push_back(std::move(perfect));
  return chart;
}

/// In hours; with as many decimals as the whole of them needs for four digits, so that the parts of a row add
/// up to it.
std::string hours_text(double seconds, double whole) {
  const int digits = whole > 0 ? static_cast<int>(std::floor(std::log10(whole / 3600))) + 1 : 1;
  return fmt::format("{:.{}f}", seconds / 3600, std::clamp(4 - digits, 0, 9));
}

StudyTable rules_table(const PlanResult& plan) {
  StudyTable table{.title = "Rules",
                   .header = {"rule", "rounds", "% of steps", "sent by a worker", "hours", "computing h",
                              "waiting h", "meeting h", "failures h", "other h", "most goes to"},
                   .rows = {},
                   .note = "~ an estimate: the rule follows what a run measures. * recommended."};
  if (plan.request.price) table.header.insert(table.header.begin() + 5, "cost");
  for (size_t i = 0; i < std::min<size_t>(plan.rows.size(), 200); ++i) {
    const PlanRow& row = plan.rows[i];
    const RunTime& time = row.time;
    const auto text = [&](double seconds) { return hours_text(seconds, time.total()); };
    std::vector<std::string> cells = {
        row.name + (row.walk.estimated ? " ~" : "") + (i == plan.advice.row ? " *" : ""),
        format_count(row.walk.meetings()),
        format_number(100 * row.walk.communication(), 4),
        row.bytes_per_worker > 0 ? format_bytes(row.bytes_per_worker) : "",
        text(time.total()),
        text(time.compute),
        text(time.waiting),
        text(time.communication()),
        text(time.failures),
        text(time.other),
        std::string(name_of(time.bottleneck()))};
    if (row.cost) cells.insert(cells.begin() + 5, fmt::format("{:.2f}", *row.cost));
    table.rows.push_back(std::move(cells));
  }
  return table;
}

std::string joined(const std::vector<std::string>& paragraphs) {
  std::string text;
  for (const std::string& one : paragraphs) text += (text.empty() ? "" : "\n\n") + one;
  return text;
}

}  // namespace

std::string plan_page(const PlanResult& plan) {
  const RunCosts& costs = plan.basis.costs;
  StudyPage page;
  page.title = plan_answer(plan);
  page.lead = fmt::format("{}, {}.", plan_subject(plan), plan.basis.source);
  page.command = plan.request.command;
  page.written_by = "muster plan";
  StudySection advice{
      .heading = "Recommended", .text = joined(plan.advice.reasons), .tables = {}, .charts = {}};
  advice.charts.push_back(against_period(plan));
  page.sections.push_back(std::move(advice));
  std::vector<std::string> cautions = plan.advice.risks;
  cautions.insert(cautions.end(), plan.basis.notes.begin(), plan.basis.notes.end());
  if (!cautions.empty())
    page.sections.push_back(
        {.heading = "What it may cost", .text = joined(cautions), .tables = {}, .charts = {}});
  page.sections.push_back(
      {.heading = "Rules and periods", .text = {}, .tables = {rules_table(plan)}, .charts = {}});
  StudySection machines{.heading = "Machines and network", .text = {}, .tables = {}, .charts = {}};
  if (plan.basis.link_known && costs.group.hosts > 1) machines.charts.push_back(against_bandwidth(plan));
  if (!plan.scans.empty()) machines.charts.push_back(against_workers(plan, false));
  if (!plan.scans.empty() && plan.request.price) machines.charts.push_back(against_workers(plan, true));
  std::vector<std::string> sentences;
  for (const PlanScan& scan : plan.scans)
    if (const std::string sentence = scan_sentence(scan); !sentence.empty())
      sentences.push_back(scan.rule + ": " + sentence);
  machines.text = joined(sentences);
  if (!machines.charts.empty()) page.sections.push_back(std::move(machines));
  return study_page(page);
}

}  // namespace muster::inline app
