#include <fmt/format.h>

#include <cmath>

#include "muster/app/study/study_slow_sde_result.h"
#include "muster/base/format.h"

namespace muster::inline app {

namespace {

using Rows = std::vector<const SlowSdeRow*>;

/// A curve of one law over x.
template <class Get>
StudyCurve curve(std::string label, const std::vector<double>& x, const std::vector<const SlowSdeNumber*>& y,
                 const Get& get, bool dashed) {
  StudyCurve result{.label = std::move(label), .x = x, .y = {}, .error = {}, .dashed = dashed};
  for (const SlowSdeNumber* one : y) result.y.push_back(get(*one));
  return result;
}

void add_curves(StudyChart& chart, const std::vector<double>& x, const std::vector<const SlowSdeNumber*>& y,
                bool with_sgd) {
  StudyCurve simulated = curve(
      "simulated", x, y, [](const auto& one) { return one.simulated.mean; }, false);
  for (const SlowSdeNumber* one : y) simulated.error.push_back(one->simulated.standard_error);
  simulated.points = true;
  chart.curves.push_back(std::move(simulated));
  chart.curves.push_back(curve(
      "theory, finite steps", x, y, [](const auto& one) { return one.theory; }, false));
  chart.curves.push_back(curve(
      "theory, continuous", x, y, [](const auto& one) { return one.theory_continuous; }, true));
  if (with_sgd)
    chart.curves.push_back(curve(
        "SGD's law", x, y, [](const auto& one) { return one.theory_sgd; }, true));
}

/// The measured number over time: simulation and laws.
StudyChart course(const SlowSdeRow& row, size_t number) {
  StudyChart chart;
  chart.title = row.numbers.size() > 1 ? fmt::format("{}, j = {}", row.measure, number + 1)
                                       : fmt::format("{} over the steps", row.measure);
  chart.hint = fmt::format("{}; bars: one standard error", row.run->name);
  chart.x_label = "steps of each worker";
  chart.y_label = row.measure;
  std::vector<double> x;
  std::vector<const SlowSdeNumber*> y;
  const size_t every = std::max<size_t>(1, row.steps.size() / 20);
  for (size_t i = 0; i < row.steps.size(); ++i)
    if (i % every == 0 || i + 1 == row.steps.size())
      x.push_back(row.steps[i]), y.push_back(&row.curves[i][number]);
  add_curves(chart, x, y, true);
  return chart;
}

/// All runs of a scan over time, simulated.
StudyChart all_courses(const Rows& rows) {
  StudyChart chart;
  chart.title = fmt::format("{} over the slow time", rows.front()->measure);
  chart.hint = "simulated; slow time is the sum of the squared learning rates";
  chart.x_label = "slow time";
  chart.y_label = rows.front()->measure;
  for (const SlowSdeRow* row : rows) {
    StudyCurve one{.label = row->run->name, .x = {}, .y = {}, .error = {}};
    double time = 0;
    int64_t step = 0;
    for (size_t i = 0; i < row->steps.size(); ++i) {
      for (; step < static_cast<int64_t>(row->steps[i]); ++step)
        time += row->run->plan.learning_rate.at(step) * row->run->plan.learning_rate.at(step);
      one.x.push_back(time);
      one.y.push_back(row->curves[i][0].simulated.mean);
    }
    chart.curves.push_back(std::move(one));
  }
  return chart;
}

/// The result over what was scanned.
StudyChart scanned(const Rows& rows, const std::string& scan) {
  const bool stationary = rows.front()->measure == "E[y^2]";
  StudyChart chart;
  chart.log_x = true;
  chart.log_y = stationary || rows.front()->measure == "D";
  chart.y_label = rows.front()->measure;
  if (stationary && scan == "period") {
    chart.title = "E[y^2] over the length of rounds";
    chart.x_label = "H x rate^2, a round in slow time";
    chart.hint = "too short: no drift; too long: the slow SDE no longer holds";
  } else {
    chart.x_label = scan == "workers" ? "workers K" : scan == "period" ? "period H" : "learning rate";
    chart.title = fmt::format("{} over {}", rows.front()->measure, chart.x_label);
    chart.hint = "at the end of the run; bars: one standard error";
  }
  std::vector<double> x;
  std::vector<const SlowSdeNumber*> y;
  for (const SlowSdeRow* row : rows) {
    const SlowSdePlan& plan = row->run->plan;
    if (std::isinf(row->numbers[0].theory_continuous)) continue;  // far above all others
    x.push_back(stationary && scan == "period" ? row->round_time()
                : scan == "workers"            ? static_cast<double>(plan.workers)
                : scan == "period"             ? static_cast<double>(plan.period())
                                               : plan.largest_rate());
    y.push_back(&row->numbers[0]);
  }
  add_curves(chart, x, y, !stationary);
  const auto slope = stationary && scan == "period" ? excess_slope(rows) : std::nullopt;
  if (slope && slope->slope > 3 * slope->standard_error) {
    StudyCurve excess = chart.curves[1];
    excess.label = fmt::format("theory + {:.3f} H x rate^2", slope->slope);
    excess.dashed = true;
    for (size_t i = 0; i < excess.x.size(); ++i)
      excess.y[i] = excess.x[i] < 3 ? excess.y[i] + slope->slope * excess.x[i] : std::nan("");
    chart.curves.push_back(std::move(excess));
  }
  return chart;
}

/// Flatness against communication: one point per rule.
StudyChart rules(const Rows& rows) {
  StudyChart chart;
  // Where the least curvature is known, what lies above it.
  const double least = std::holds_alternative<HyperbolaOptions>(rows.front()->run->problem) ? 2 : 0;
  chart.title = "Flatness against communication";
  chart.hint = "at the end (2 is the least); down is flatter, left is less communication";
  chart.x_label = "rounds, % of the steps";
  chart.y_label = least > 0 ? "tr Hess - 2" : "tr Hess";
  chart.log_x = true;
  chart.log_y = least > 0;
  for (const SlowSdeRow* row : rows)
    chart.curves.push_back({.label = row->run->name,
                            .x = {100 * row->communication()},
                            .y = {row->trace->mean - least},
                            .error = {row->trace->standard_error},
                            .points = true});
  return chart;
}

StudySection section(const Rows& rows, const std::string& scan) {
  StudySection result;
  const std::string group = slow_sde_group_name(*rows.front());
  result.heading = group.empty() ? "Simulation and theory" : group;
  StudyTable table = slow_sde_table(rows, scan);
  table.title.clear();
  result.tables.push_back(std::move(table));
  const bool stationary = rows.front()->measure == "E[y^2]";
  if (scan.empty()) {
    for (size_t i = 0; i < std::min<size_t>(rows.front()->numbers.size(), 8); ++i)
      result.charts.push_back(course(*rows.front(), i));
    return result;
  }
  if (scan == "schedules" && rows.front()->trace)
    result.charts.push_back(rules(rows));
  else if (scan != "schedules")
    result.charts.push_back(scanned(rows, scan));
  if (!stationary) result.charts.push_back(all_courses(rows));
  if (!stationary && scan != "schedules") {
    result.charts.push_back(course(*rows.front(), 0));
    result.charts.push_back(course(*rows.back(), 0));
  }
  return result;
}

std::string problem_text(const SlowSdeRequest& request) {
  if (request.problem == "hyperbola")
    return "L = (u v - 1)^2 / 2, labels 1 ± noise. Minimisers form the hyperbola u v = 1; gradient flow "
           "keeps "
           "D = u^2 - v^2, and the curvature there is sqrt(D^2 + 4): the smaller D, the flatter. Noise "
           "drives "
           "D down; workers that stay apart longer make more of it, up to K times.";
  if (request.problem == "valley")
    return "L = (1 + y^2) x^2 / 2 with noise in x and y. The floor x = 0 is flattest at y = 0. Noise across "
           "the valley drives y there, noise along it drives y away: E[y^2] is the balance. Rounds too "
           "short leave the workers together; rounds too long leave what the slow SDE describes.";
  return "Least squares with w = u^2 - v^2 and labels ± noise. Gradient flow keeps Q_j = u_j v_j; label "
         "noise "
         "drives every Q_j down, and tr Hess with it towards a weighted l1 norm of w.";
}

std::string data_text(const SlowSdeRequest& request) {
  const auto* net = std::get_if<DiagonalNetOptions>(&request.cases.front().problem);
  if (!net) return {};
  std::string text = "\n\nX, row by row:";
  for (size_t i = 0; i < net->rows.size(); ++i)
    text += fmt::format("{}{:.6g}", i > 0 && i % static_cast<size_t>(net->features) == 0 ? "; " : " ",
                        net->rows[i]);
  text += ". y:";
  for (const double label : net->labels) text += fmt::format(" {:.6g}", label);
  text += ". Q(0):";
  for (const double q : net->start) text += fmt::format(" {:.6g}", q);
  return text + ".";
}

}  // namespace

StudyPage slow_sde_page(const SlowSdeResult& result) {
  const SlowSdeRequest& request = result.request;
  const SlowSdePlan& plan = request.cases.front().plan;
  StudyPage page;
  page.title = slow_sde_sentence(result);
  page.lead = fmt::format(
      "{}: {} replicas of {} workers, {} steps at learning rate {}, seed {}, compared with the slow SDE of "
      "Local "
      "SGD "
      "(Gu, Lyu, Huang, Arora, ICLR 2023).",
      request.problem, format_count(request.replicas.replicas), plan.workers, format_count(plan.steps()),
      format_number(plan.largest_rate(), 4), request.replicas.seed);
  page.command = request.command;
  for (const auto& group : slow_sde_groups(result)) page.sections.push_back(section(group, request.scan));
  page.sections.front().text = problem_text(request) + data_text(request);
  return page;
}

}  // namespace muster::inline app
