#include "muster/app/study/study_convex_closed.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "muster/app/study/study_output.h"
#include "muster/base/format.h"
#include "muster/theory/convex/piecewise_quadratic.h"
#include "muster/theory/convex/quadratic_moments.h"

namespace muster::inline app {

namespace {

using Json = nlohmann::ordered_json;

ConvexStepSize step_size_of(const ConvexRequest& request) {
  ConvexStepSize step_size;
  step_size.rule = request.step_size;
  step_size.learning_rate = request.learning_rate.value_or(0.125);
  step_size.mu = request.problem == ConvexStudyProblem::quadratic ? request.curvature : 1;
  step_size.shift = request.shift;
  step_size.average = request.average;
  return step_size;
}

std::vector<double> quadratic_values(const ConvexRequest& request, int64_t workers, int64_t period) {
  QuadraticOptions options;
  options.curvature = request.curvature;
  options.noise = request.noise;
  options.start = request.start;
  options.workers = workers;
  options.period = period;
  options.steps = request.steps;
  options.step_size = step_size_of(request);
  const QuadraticMoments moments = quadratic_moments(options);
  return {moments.mean_square, moments.weighted_gap, moments.spread};
}

std::vector<double> piecewise_values(const ConvexRequest& request, int64_t workers, int64_t period) {
  PiecewiseQuadraticOptions options;
  options.noise = request.noise;
  options.start = request.start;
  options.workers = workers;
  options.period = period;
  options.steps = request.steps;
  options.step_size = step_size_of(request);
  if (request.replicas == 0) {
    const PiecewiseMoments moments = enumerate_piecewise(options);
    return {moments.mean, moments.gap};
  }
  const PiecewiseMoments moments = simulate_piecewise(options, request.replicas, request.seed);
  return {moments.mean, moments.mean_error, moments.gap, moments.gap_error};
}

StudyTable closed_table(const ConvexRequest& request, const std::vector<ClosedRow>& rows) {
  const bool quadratic = request.problem == ConvexStudyProblem::quadratic;
  StudyTable table;
  table.title = fmt::format("After {} steps", format_count(request.steps));
  table.header = {"run"};
  for (const std::string& name : closed_columns(request)) table.header.push_back(name);
  table.note = quadratic ? "mean_square: E ||mean of the workers||^2, the same for every period. "
                           "weighted_gap: E f of the weighted average. spread: E ||worker - mean||^2 just "
                           "before a meeting at the last step."
                         : "mean, gap: E x and E f of the workers' mean. Rare meetings leave the bias of a "
                           "single worker.";
  for (const ClosedRow& row : rows) {
    std::vector<std::string> cells = {fmt::format("K={} H={}", row.workers, row.period)};
    for (const double value : row.values) cells.push_back(format_number(value, 7));
    table.rows.push_back(std::move(cells));
  }
  return table;
}

StudyChart closed_chart(const ConvexRequest& request, const std::vector<ClosedRow>& rows) {
  const bool quadratic = request.problem == ConvexStudyProblem::quadratic;
  const size_t column = quadratic ? 2 : request.replicas == 0 ? 1 : 2;
  const std::string name = closed_columns(request)[column];
  StudyChart chart{name + " over the period", "", "period H", name, true, true, {}};
  for (const int64_t workers : request.workers) {
    StudyCurve curve;
    curve.label = fmt::format("K={}", workers);
    for (const ClosedRow& row : rows) {
      if (row.workers != workers) continue;
      curve.x.push_back(static_cast<double>(row.period));
      curve.y.push_back(row.values[column]);
      if (row.values.size() > 3) curve.error.push_back(row.values[3]);
    }
    chart.curves.push_back(std::move(curve));
  }
  return chart;
}

}  // namespace

std::vector<std::string> closed_columns(const ConvexRequest& request) {
  if (request.problem == ConvexStudyProblem::quadratic) return {"mean_square", "weighted_gap", "spread"};
  if (request.replicas == 0) return {"mean", "gap"};
  return {"mean", "mean_error", "gap", "gap_error"};
}

std::vector<ClosedRow> convex_closed(const ConvexRequest& request) {
  std::vector<ClosedRow> rows;
  for (const int64_t workers : request.workers)
    for (const int64_t period : request.periods)
      rows.push_back({workers, period,
                      request.problem == ConvexStudyProblem::quadratic
                          ? quadratic_values(request, workers, period)
                          : piecewise_values(request, workers, period)});
  return rows;
}

std::string convex_closed_json(const ConvexRequest& request, const std::vector<ClosedRow>& rows, int indent) {
  Json json = {{"problem", request.problem == ConvexStudyProblem::quadratic ? "quadratic" : "piecewise"},
               {"steps", request.steps},
               {"noise", request.noise},
               {"start", request.start},
               {"replicas", request.replicas},
               {"exact", request.replicas == 0}};
  Json all = Json::array();
  for (const ClosedRow& row : rows) {
    Json one = {{"workers", row.workers}, {"period", row.period}};
    for (size_t i = 0; i < row.values.size(); ++i) one[closed_columns(request)[i]] = row.values[i];
    all.push_back(std::move(one));
  }
  json["runs"] = std::move(all);
  return json.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string convex_closed_text(const ConvexRequest& request, const std::vector<ClosedRow>& rows) {
  return study_table_text(closed_table(request, rows));
}

StudyPage convex_closed_page(const ConvexRequest& request, const std::vector<ClosedRow>& rows) {
  StudyPage page;
  const bool quadratic = request.problem == ConvexStudyProblem::quadratic;
  page.title = quadratic ? "On a quadratic the workers' mean takes the same path for every period"
                         : "Where curvature changes the period matters: rare meetings leave a bias";
  page.lead = quadratic ? "Exact second moments of Local SGD on f = l/2 ||x||^2 with additive noise."
                        : "Local SGD on f = x^2 above 0 and x^2 / 2 below, with additive noise.";
  page.command = request.command;
  page.sections = {{"Result", "", {closed_table(request, rows)}, {closed_chart(request, rows)}}};
  return page;
}

}  // namespace muster::inline app
