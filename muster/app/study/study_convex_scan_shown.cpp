#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "muster/app/study/study_convex_scan.h"
#include "muster/app/study/study_output.h"
#include "muster/base/format.h"

namespace muster::inline app {

namespace {

using Json = nlohmann::ordered_json;
using Tuned = std::optional<TunedSteps>;

std::string steps_text(const Tuned& tuned) {
  return tuned ? format_count(static_cast<int64_t>(std::llround(tuned->mean))) : "--";
}

std::string coarse_number(double value) { return format_number(value, 3); }

// Distinct values of a member over the cells, ascending.
std::vector<int64_t> values_of(const ConvexScan& scan, int64_t ScanCell::*member, bool several_workers) {
  std::vector<int64_t> values;
  for (const ScanCell& cell : scan.cells)
    if (!several_workers || cell.workers > 1) values.push_back(cell.*member);
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

/// Steps of one worker / steps of the cell, by the weighted average; none where one was not reached.
std::optional<double> speed_up(const ConvexScan& scan, const ScanCell& cell, size_t target, bool newest) {
  const ScanCell* base = scan.find(1, cell.batch, 1);
  if (base == nullptr) return std::nullopt;
  const Tuned& one = newest ? base->last[target] : base->weighted[target];
  const Tuned& all = newest ? cell.last[target] : cell.weighted[target];
  if (!one || !all) return std::nullopt;
  return one->mean / all->mean;
}

/// The same in time, with the meetings.
std::optional<double> timed_speed_up(const ConvexScan& scan, const ScanCell& cell, size_t target) {
  const ScanCell* base = scan.find(1, cell.batch, 1);
  if (base == nullptr || !base->weighted[target] || !cell.weighted[target]) return std::nullopt;
  return scan_time(scan, *base, base->weighted[target]->mean).total() /
         scan_time(scan, cell, cell.weighted[target]->mean).total();
}

Json tuned_json(const Tuned& tuned) {
  if (!tuned) return nullptr;
  return {{"steps", tuned->mean},
          {"spread", tuned->spread},
          {"by_seed", tuned->by_seed},
          {"step_size", step_size_text(tuned->step_size)}};
}

Json cell_json(const ConvexScan& scan, const ScanCell& cell, size_t target) {
  Json json = {{"workers", cell.workers},
               {"batch", cell.batch},
               {"period", cell.period},
               {"target", scan.targets[target]},
               {"last", tuned_json(cell.last[target])},
               {"weighted", tuned_json(cell.weighted[target])}};
  const auto steps = speed_up(scan, cell, target, false), newest = speed_up(scan, cell, target, true);
  json["speed_up"] = steps ? Json(*steps) : Json();
  json["speed_up_last"] = newest ? Json(*newest) : Json();
  if (scan.costs_given && cell.weighted[target]) {
    const ScanTime time = scan_time(scan, cell, cell.weighted[target]->mean);
    json["computation"] = time.computation;
    json["communication"] = time.communication;
    const auto timed = timed_speed_up(scan, cell, target);
    json["speed_up_with_communication"] = timed ? Json(*timed) : Json();
  }
  return json;
}

// A table of cells, K downwards and H across.
template <class Text>
StudyTable grid_table(const ConvexScan& scan, int64_t batch, std::string title, std::string note, Text text) {
  const auto periods = values_of(scan, &ScanCell::period, true);
  StudyTable table{std::move(title), {"workers"}, {}, std::move(note)};
  for (const int64_t period : periods) table.header.push_back(fmt::format("H={}", period));
  if (periods.empty()) table.header.emplace_back("H=1");
  for (const int64_t workers : values_of(scan, &ScanCell::workers, false)) {
    std::vector<std::string> row = {fmt::format("K={}", workers)};
    for (const int64_t period : workers == 1 ? std::vector<int64_t>{1} : periods) {
      const ScanCell* cell = scan.find(workers, batch, period);
      row.push_back(cell != nullptr ? text(*cell) : "");
    }
    row.resize(table.header.size());
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string ratio_text(const std::optional<double>& ratio) {
  return ratio ? fmt::format("{:.1f}", *ratio) : "--";
}

std::string goal_text(const ConvexScan& scan, int64_t batch, size_t target) {
  return fmt::format("b={}, f - f* <= {}", batch, format_number(scan.targets[target]));
}

std::vector<StudyTable> tables_of(const ConvexScan& scan, int64_t batch, size_t target) {
  const std::string goal = goal_text(scan, batch, target);
  std::vector<StudyTable> tables = {
      grid_table(scan, batch, "Steps to " + goal,
                 "Newest iterate / weighted average; the step size is tuned.",
                 [&](const ScanCell& cell) {
                   return steps_text(cell.last[target]) + "/" + steps_text(cell.weighted[target]);
                 }),
      grid_table(scan, batch, "Speed-up in steps, " + goal, "By the weighted average, against one worker.",
                 [&](const ScanCell& cell) { return ratio_text(speed_up(scan, cell, target, false)); })};
  if (!scan.costs_given) return tables;
  const std::string unit = scan.in_seconds ? "seconds" : "local steps";
  tables.push_back(grid_table(scan, batch, "Computation + communication, " + goal,
                              fmt::format("In {}: a meeting costs {}, a local step {}.", unit,
                                          coarse_number(scan.meeting_cost), coarse_number(scan.step_cost)),
                              [&](const ScanCell& cell) -> std::string {
                                if (!cell.weighted[target]) return "--";
                                const ScanTime time = scan_time(scan, cell, cell.weighted[target]->mean);
                                return format_number(time.computation, 4) + " + " +
                                       format_number(time.communication, 4);
                              }));
  tables.push_back(
      grid_table(scan, batch, "Speed-up with communication, " + goal, "",
                 [&](const ScanCell& cell) { return ratio_text(timed_speed_up(scan, cell, target)); }));
  return tables;
}

// A curve of ratios over K for each H.
template <class Ratio>
StudyChart speed_chart(const ConvexScan& scan, int64_t batch, std::string title, std::string hint,
                       Ratio ratio) {
  StudyChart chart{std::move(title), std::move(hint), "workers K", "speed-up", true, true, {}};
  StudyCurve linear{"linear", {}, {}, {}, true, false};
  for (const int64_t workers : values_of(scan, &ScanCell::workers, false)) {
    linear.x.push_back(static_cast<double>(workers));
    linear.y.push_back(static_cast<double>(workers));
  }
  for (const int64_t period : values_of(scan, &ScanCell::period, true)) {
    StudyCurve curve;
    curve.label = fmt::format("H={}", period);
    for (const int64_t workers : values_of(scan, &ScanCell::workers, false)) {
      const ScanCell* cell = scan.find(workers, batch, period);
      const std::optional<double> y = cell != nullptr ? ratio(*cell) : std::nullopt;
      if (!y) continue;
      curve.x.push_back(static_cast<double>(workers));
      curve.y.push_back(*y);
    }
    chart.curves.push_back(std::move(curve));
  }
  chart.curves.push_back(std::move(linear));
  return chart;
}

StudyChart steps_chart(const ConvexScan& scan, int64_t batch, size_t target) {
  StudyChart chart{"Steps over the period",
                   "By the weighted average. Flat: rare meetings are free.",
                   "period H",
                   "steps",
                   true,
                   true,
                   {}};
  for (const int64_t workers : values_of(scan, &ScanCell::workers, false)) {
    if (workers == 1) continue;
    StudyCurve curve;
    curve.label = fmt::format("K={}", workers);
    for (const ScanCell& cell : scan.cells) {
      if (cell.workers != workers || cell.batch != batch || !cell.weighted[target]) continue;
      curve.x.push_back(static_cast<double>(cell.period));
      curve.y.push_back(cell.weighted[target]->mean);
      curve.error.push_back(cell.weighted[target]->spread /
                            std::sqrt(static_cast<double>(cell.weighted[target]->by_seed.size())));
    }
    chart.curves.push_back(std::move(curve));
  }
  return chart;
}

StudySection section_of(const ConvexScan& scan, int64_t batch, size_t target) {
  StudySection section{goal_text(scan, batch, target), "", tables_of(scan, batch, target), {}};
  section.charts.push_back(
      speed_chart(scan, batch, "Speed-up in steps", "Weighted average against one worker; dashed: linear.",
                  [&](const ScanCell& cell) { return speed_up(scan, cell, target, false); }));
  section.charts.push_back(steps_chart(scan, batch, target));
  if (scan.costs_given)
    section.charts.push_back(speed_chart(
        scan, batch, "Speed-up with communication",
        fmt::format("A meeting costs {} local steps.", coarse_number(scan.meeting_cost / scan.step_cost)),
        [&](const ScanCell& cell) { return timed_speed_up(scan, cell, target); }));
  return section;
}

// The cell that is fastest in all, in one sentence.
std::string headline(const ConvexScan& scan) {
  const ScanCell* best = nullptr;
  double most = 0;
  const size_t target = scan.targets.size() - 1;
  for (const ScanCell& cell : scan.cells) {
    const auto ratio =
        scan.costs_given ? timed_speed_up(scan, cell, target) : speed_up(scan, cell, target, false);
    if (ratio && *ratio > most) {
      most = *ratio;
      best = &cell;
    }
  }
  if (best == nullptr || best->workers == 1)
    return fmt::format("No number of workers is faster than one to f - f* <= {}",
                       format_number(scan.targets[target]));
  return fmt::format("{} workers with H = {} are {:.1f} times as fast as one to f - f* <= {} (b = {}{})",
                     best->workers, best->period, most, format_number(scan.targets[target]), best->batch,
                     scan.costs_given ? ", meetings counted" : ", in steps");
}

}  // namespace

std::string convex_scan_json(const ConvexRequest& request, const ConvexSubject& subject,
                             const ConvexScan& scan, int indent) {
  Json json = Json::parse(subject_json(request, subject));
  json["seeds"] = request.seeds;
  json["tuning_seeds"] = request.tuning_seeds;
  if (request.delay) {
    json["delay"] = *request.delay;
    json["staggered"] = request.staggered;
  }
  if (scan.costs_given) {
    json["step_cost"] = scan.step_cost;
    json["meeting_cost"] = scan.meeting_cost;
    json["cost_unit"] = scan.in_seconds ? "seconds" : "local steps";
  }
  Json cells = Json::array();
  for (const ScanCell& cell : scan.cells)
    for (size_t target = 0; target < scan.targets.size(); ++target)
      cells.push_back(cell_json(scan, cell, target));
  json["cells"] = std::move(cells);
  return json.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string convex_scan_text(const ConvexScan& scan) {
  std::string text = headline(scan) + ".\n";
  for (const int64_t batch : values_of(scan, &ScanCell::batch, false))
    for (size_t target = 0; target < scan.targets.size(); ++target)
      for (const StudyTable& table : tables_of(scan, batch, target)) text += "\n" + study_table_text(table);
  return text;
}

StudyPage convex_scan_page(const ConvexRequest& request, const ConvexSubject& subject,
                           const ConvexScan& scan) {
  StudyPage page;
  page.title = headline(scan);
  page.lead = fmt::format(
      "Local SGD on {}, {} regression with L2. Steps of each worker until f - f* is at most the target, seen "
      "at meetings; step sizes tuned for each cell{}, means over {} seeds.{}",
      data_name(request), request.objective.loss == Loss::logistic ? "logistic" : "least-squares",
      request.tuning_seeds > 0 ? fmt::format(" with {} other seeds", request.tuning_seeds) : "",
      request.seeds,
      request.delay
          ? fmt::format(" Asynchronous, delay {}{}.", *request.delay, request.staggered ? ", staggered" : "")
          : "");
  page.command = request.command;
  for (const int64_t batch : values_of(scan, &ScanCell::batch, false))
    for (size_t target = 0; target < scan.targets.size(); ++target)
      page.sections.push_back(section_of(scan, batch, target));
  page.sections.push_back({"The problem", "", {subject_table(subject)}, {}});
  return page;
}

}  // namespace muster::inline app
