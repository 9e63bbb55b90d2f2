#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "muster/app/study/study_convex_runs.h"
#include "muster/app/study/study_output.h"
#include "muster/base/format.h"

namespace muster::inline app {

namespace {

using Json = nlohmann::ordered_json;

std::string short_number(double value) { return format_number(value, 4); }

Json allowed_json(const AllowedPeriods& allowed) {
  return {{"stich", allowed.stich},
          {"stich_with_constants", allowed.stich_with_constants},
          {"haddadpour", allowed.haddadpour},
          {"khaled", allowed.khaled},
          {"woodworth", allowed.woodworth},
          {"koloskova", allowed.koloskova},
          {"growing_longest", allowed.growing_longest},
          {"growing_rounds", allowed.growing_rounds},
          {"drift", allowed.drift},
          {"drift_near_optimum", allowed.drift_near_optimum}};
}

Json run_json(const ConvexRunResult& run) {
  Json json = {{"workers", run.workers},
               {"batch", run.batch},
               {"meetings", run.meetings},
               {"longest_period", run.longest_period},
               {"steps", run.steps},
               {"rounds", run.rounds},
               {"step_size", step_size_text(run.step_size)},
               {"gap_last", run.curve.back().gap_last},
               {"gap_weighted", run.curve.back().gap_weighted},
               {"norm_last", run.norm_last},
               {"seconds", run.seconds},
               {"samples_per_second", run.samples_per_second},
               {"gradient_bounds",
                {{"noise", run.setting.noise},
                 {"gradient", run.setting.gradient},
                 {"iterates", run.iterates_looked_at}}},
               {"bound",
                {{"total", run.bound.total()},
                 {"initial", run.bound.initial},
                 {"noise", run.bound.noise},
                 {"drift", run.bound.drift}}},
               {"allowed_periods", allowed_json(run.allowed)}};
  Json curve = Json::array();
  for (const ConvexCurvePoint& point : run.curve)
    curve.push_back(
        {{"step", point.step},
         {"gap_last", point.gap_last},
         {"gap_weighted", point.gap_weighted},
         {"bound", point.step > 0 ? Json(stich_bound(run.setting, point.step).total()) : Json()}});
  json["curve"] = std::move(curve);
  return json;
}

StudyTable gaps_table(const std::vector<ConvexRunResult>& runs) {
  StudyTable table{
      "How far from the optimum",
      {"run", "step size", "rounds", "f - f* last", "weighted", "bound", "sigma^2", "G^2", "samples/s"},
      {},
      "Last: the workers' mean after the final meeting. Weighted: the average of all iterates "
      "that the theorem is about. The bound holds for the theorem's own step sizes. sigma^2 and "
      "G^2, which it assumes for all iterates, are the largest variance and second moment of a "
      "worker's gradient over the iterates at which it was measured (including the start)."};
  for (const ConvexRunResult& run : runs)
    table.rows.push_back({run_name(run), step_size_text(run.step_size), format_count(run.rounds),
                          short_number(run.curve.back().gap_last),
                          short_number(run.curve.back().gap_weighted), short_number(run.bound.total()),
                          short_number(run.setting.noise), short_number(run.setting.gradient),
                          short_number(run.samples_per_second)});
  return table;
}

StudyTable periods_table(const std::vector<ConvexRunResult>& runs) {
  StudyTable table{
      "The longest period that each theory allows",
      {"run", "Stich", "with constants", "Haddadpour", "Khaled", "Woodworth", "Koloskova",
       "growing (Spiridonoff)", "drift", "drift near x*"},
      {},
      "At the rate 1 / (K T), constants and logarithms left out but where the heading says so. Growing: the "
      "last and longest of its rounds. Drift: 1 + 1 / (2 L eta K) with the last step's learning rate, and "
      "the "
      "same with the curvature near the optimum in place of L."};
  for (const ConvexRunResult& run : runs) {
    const AllowedPeriods& allowed = run.allowed;
    std::vector<std::string> row = {run_name(run)};
    for (const int64_t period :
         {allowed.stich, allowed.stich_with_constants, allowed.haddadpour, allowed.khaled, allowed.woodworth,
          allowed.koloskova, allowed.growing_longest, allowed.drift, allowed.drift_near_optimum})
      row.push_back(format_count(period));
    table.rows.push_back(std::move(row));
  }
  return table;
}

StudyCurve curve_of(const ConvexRunResult& run, const std::string& label, double ConvexCurvePoint::*gap) {
  StudyCurve curve;
  curve.label = label;
  for (const ConvexCurvePoint& point : run.curve)
    if (point.step > 0) {
      curve.x.push_back(static_cast<double>(point.step));
      curve.y.push_back(point.*gap);
    }
  return curve;
}

StudyCurve bound_curve(const ConvexRunResult& run, const std::string& label) {
  StudyCurve curve;
  curve.label = label;
  curve.dashed = true;
  for (const ConvexCurvePoint& point : run.curve)
    if (point.step > 0) {
      curve.x.push_back(static_cast<double>(point.step));
      curve.y.push_back(stich_bound(run.setting, point.step).total());
    }
  return curve;
}

StudyChart gap_chart(const std::vector<ConvexRunResult>& runs, std::string title, std::string hint,
                     double ConvexCurvePoint::*gap, bool bounds) {
  StudyChart chart{std::move(title), std::move(hint), "step", "f - f*", true, true, {}};
  for (const ConvexRunResult& run : runs) {
    chart.curves.push_back(curve_of(run, run_name(run), gap));
    if (bounds) chart.curves.push_back(bound_curve(run, "bound, " + run_name(run)));
  }
  return chart;
}

}  // namespace

std::string run_name(const ConvexRunResult& run) {
  return fmt::format("K={} b={} {}", run.workers, run.batch, run.meetings);
}

std::string convex_runs_json(const ConvexRequest& request, const ConvexSubject& subject,
                             const std::vector<ConvexRunResult>& runs, int indent) {
  Json json = Json::parse(subject_json(request, subject));
  Json all = Json::array();
  for (const ConvexRunResult& run : runs) all.push_back(run_json(run));
  if (runs.size() == 1) {
    json.update(all.front());
  } else {
    json["runs"] = std::move(all);
  }
  return json.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string convex_runs_text(const ConvexSubject& subject, const std::vector<ConvexRunResult>& runs) {
  return study_table_text(subject_table(subject)) + "\n" + study_table_text(gaps_table(runs)) + "\n" +
         study_table_text(periods_table(runs));
}

StudyPage convex_runs_page(const ConvexRequest& request, const ConvexSubject& subject,
                           const std::vector<ConvexRunResult>& runs) {
  const ConvexRunResult* best = &runs.front();
  for (const ConvexRunResult& run : runs)
    if (run.curve.back().gap_weighted < best->curve.back().gap_weighted) best = &run;
  StudyPage page;
  page.title =
      fmt::format("Local SGD on {}: f - f* = {} after {} steps ({})", data_name(request),
                  short_number(best->curve.back().gap_weighted), format_count(best->steps), run_name(*best));
  page.lead = fmt::format(
      "{} regression with L2, optimum known to 1e-12. The distance of the weighted average from the optimum, "
      "with the bound of Stich's theorem.",
      request.objective.loss == Loss::logistic ? "Logistic" : "Least-squares");
  page.command = request.command;
  StudySection measured{"Measured and promised", "", {gaps_table(runs)}, {}};
  measured.charts.push_back(gap_chart(runs, "Weighted average and the bound", "Dashed: the theorem's bound.",
                                      &ConvexCurvePoint::gap_weighted, true));
  measured.charts.push_back(gap_chart(runs, "Newest iterate", "The workers' mean at meetings.",
                                      &ConvexCurvePoint::gap_last, false));
  page.sections = {measured,
                   {"How long may a round be?", "", {periods_table(runs)}, {}},
                   {"The problem", "", {subject_table(subject)}, {}}};
  return page;
}

}  // namespace muster::inline app
