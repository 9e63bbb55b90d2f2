#include "muster/app/study/study_teacher_result.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "muster/app/options/text_lines.h"
#include "muster/app/study/study_output.h"
#include "muster/base/format.h"
#include "muster/base/student.h"
#include "muster/report/answer.h"
#include "muster/report/decision.h"

namespace muster::inline app {

namespace {

using Json = nlohmann::ordered_json;
using Outcomes = std::vector<TeacherOutcome>;

template <class Get>
std::vector<double> each(const Outcomes& outcomes, const Get& get) {
  std::vector<double> values;
  for (const TeacherOutcome& one : outcomes) values.push_back(static_cast<double>(get(one)));
  return values;
}

std::vector<double> losses(const Outcomes& outcomes) {
  return each(outcomes, [](const auto& one) { return one.excess_loss; });
}

SeedMean difference(const Outcomes& a, const Outcomes& b) {
  std::vector<double> values = losses(a);
  const std::vector<double> others = losses(b);
  for (size_t i = 0; i < values.size(); ++i) values[i] -= others[i];
  return seed_mean(values);
}

Json mean_json(const std::vector<double>& values) {
  const SeedMean mean = seed_mean(values);
  return {{"mean", mean.mean}, {"standard_error", mean.standard_error}};
}

std::vector<double> mean_curve(const Outcomes& outcomes) {
  std::vector<double> mean(outcomes.front().curve.size());
  for (const TeacherOutcome& one : outcomes)
    for (size_t i = 0; i < mean.size(); ++i) mean[i] += one.curve[i] / static_cast<double>(outcomes.size());
  return mean;
}

/// The step at which the mean curve first falls to `target`, between two points by its logarithm.
std::optional<double> first_passage(const std::vector<int64_t>& steps, const std::vector<double>& curve,
                                    double target) {
  for (size_t i = 0; i < curve.size(); ++i) {
    if (!(curve[i] <= target)) continue;
    const auto here = static_cast<double>(steps[i]);
    if (i == 0) return here;
    const auto before = static_cast<double>(steps[i - 1]);
    return before + (here - before) * std::log(curve[i - 1] / target) / std::log(curve[i - 1] / curve[i]);
  }
  return std::nullopt;
}

Json quarters(const Outcomes& outcomes, std::array<double, 4> TeacherOutcome::*member) {
  Json list = Json::array();
  for (size_t q = 0; q < 4; ++q)
    list.push_back(mean_json(each(outcomes, [&](const auto& one) { return (one.*member)[q]; })));
  return list;
}

Json curve_json(const std::vector<int64_t>& steps, const Outcomes& outcomes) {
  Json list = Json::array();
  const std::vector<double> curve = mean_curve(outcomes);
  for (size_t i = 0; i < curve.size(); ++i) {
    const SeedMean period = seed_mean(each(outcomes, [&](const auto& one) { return one.periods[i]; }));
    list.push_back({{"step", steps[i]}, {"excess_loss", curve[i]}, {"period", period.mean}});
  }
  return list;
}

Json arm_json(const TeacherResult& result, size_t arm) {
  const TeacherRequest& request = result.request;
  const Outcomes& outcomes = result.outcomes[arm];
  const std::vector<int64_t> steps = teacher_points(request.problem.steps);
  Json json = {{"name", request.arms[arm].name}, {"rule", request.arms[arm].rule}};
  json["rounds"] = mean_json(each(outcomes, [](const auto& one) { return one.rounds; }));
  json["bytes_per_worker"] = mean_json(each(outcomes, [](const auto& one) { return one.bytes_per_worker; }));
  json["excess_loss"] = mean_json(losses(outcomes));
  json["excess_loss"]["by_seed"] = losses(outcomes);
  json["spread"] = mean_json(each(outcomes, [](const auto& one) { return one.spread; }));
  json["spread_by_quarter"] = quarters(outcomes, &TeacherOutcome::spread_by_quarter);
  json["spread_per_rate_by_quarter"] = quarters(outcomes, &TeacherOutcome::spread_per_rate);
  json["steps_to_target"] = Json::array();
  for (const double target : request.targets) {
    const auto passage = first_passage(steps, mean_curve(outcomes), target);
    json["steps_to_target"].push_back(
        {{"target", target}, {"steps", passage ? Json(*passage) : Json(nullptr)}});
  }
  json["differences"] = Json::object();
  for (size_t other = 0; other < result.outcomes.size(); ++other) {
    if (other == arm) continue;
    const SeedMean away = difference(outcomes, result.outcomes[other]);
    json["differences"][request.arms[other].name] = {{"mean", away.mean},
                                                     {"standard_error", away.standard_error}};
  }
  json["curve"] = curve_json(steps, outcomes);
  return json;
}

std::string with_error(const SeedMean& value, const char* form) {
  return fmt::format("{} ± {:.5f}", fmt::format(fmt::runtime(form), value.mean), value.standard_error);
}

StudyTable table(const TeacherResult& result) {
  const TeacherRequest& request = result.request;
  StudyTable table;
  table.header = {"method",
                  "meetings",
                  "bytes of a worker",
                  "excess loss",
                  "difference",
                  "in SE",
                  "replica spread, whole run / quarters"};
  for (size_t arm = 0; arm < result.outcomes.size(); ++arm) {
    const Outcomes& outcomes = result.outcomes[arm];
    const SeedMean loss = seed_mean(losses(outcomes));
    const SeedMean away = difference(outcomes, result.outcomes[request.baseline]);
    const bool itself = arm == request.baseline;
    std::string spread =
        fmt::format("{:.3g} /", seed_mean(each(outcomes, [](const auto& one) { return one.spread; })).mean);
    for (size_t q = 0; q < 4; ++q)
      spread += fmt::format(
          " {:.2g}",
          seed_mean(each(outcomes, [&](const auto& one) { return one.spread_by_quarter[q]; })).mean);
    const double bytes = seed_mean(each(outcomes, [](const auto& one) { return one.bytes_per_worker; })).mean;
    table.rows.push_back(
        {request.arms[arm].name,
         fmt::format("{:.1f}", seed_mean(each(outcomes, [](const auto& one) { return one.rounds; })).mean),
         format_bytes(bytes), with_error(loss, "{:.5f}"), itself ? "--" : with_error(away, "{:+.5f}"),
         itself || away.standard_error == 0 ? "--" : fmt::format("{:+.1f}", away.mean / away.standard_error),
         spread});
  }
  table.note = fmt::format(
      "Excess loss: of the mean of the workers on {} clean points, mean over {} ± standard error. "
      "Difference: "
      "to {}, of the same seeds. Replica spread: mean over the steps of the mean squared distance of the "
      "workers to their mean.",
      format_count(request.problem.test_points), plural(static_cast<size_t>(request.seeds), "seed"),
      request.arms[request.baseline].name);
  return table;
}

double mean_loss(const TeacherResult& result, size_t arm) {
  return seed_mean(losses(result.outcomes[arm])).mean;
}

/// The arm with the lowest mean loss but for `left_out`.
size_t lowest(const TeacherResult& result, std::optional<size_t> left_out = std::nullopt) {
  std::optional<size_t> best;
  for (size_t arm = 0; arm < result.outcomes.size(); ++arm)
    if (arm != left_out && (!best || mean_loss(result, arm) < mean_loss(result, *best))) best = arm;
  return *best;
}

/// Beyond what the seeds' spread explains: Student's 99 % interval of the paired differences leaves 0 out.
bool is_clear(const SeedMean& away, int64_t seeds) {
  return seeds > 1 &&
         std::abs(away.mean) > student_quantile(decision_confidence, seeds - 1) * away.standard_error;
}

std::string sentence(const TeacherResult& result) {
  const TeacherRequest& request = result.request;
  const size_t best = lowest(result);
  const Outcomes& outcomes = result.outcomes[best];
  const double rounds = seed_mean(each(outcomes, [](const auto& one) { return one.rounds; })).mean;
  const std::string least = fmt::format("{}: excess loss {:.5f} with {:.0f} meetings",
                                        request.arms[best].name, mean_loss(result, best), rounds);
  if (result.outcomes.size() == 1) return least;
  const size_t second = lowest(result, best);
  const SeedMean away = difference(result.outcomes[second], outcomes);
  const std::string behind = fmt::format("{} by {}", request.arms[second].name, with_error(away, "{:.5f}"));
  if (is_clear(away, request.seeds))
    return fmt::format("The lowest loss has {}; it is below {} (difference ± standard error).", least,
                       behind);
  return fmt::format(
      "No clear winner: the lowest mean loss has {}, below {} (difference ± standard error), which {} do not "
      "settle.",
      least, behind, plural(static_cast<size_t>(request.seeds), "seed"));
}

StudyChart curves_chart(const TeacherResult& result) {
  StudyChart chart{.title = "Excess loss over the steps",
                   .hint = "mean over the seeds",
                   .x_label = "steps of each worker",
                   .y_label = "excess loss",
                   .log_y = true};
  const std::vector<int64_t> steps = teacher_points(result.request.problem.steps);
  for (size_t arm = 0; arm < result.outcomes.size(); ++arm)
    chart.curves.push_back({.label = result.request.arms[arm].name,
                            .x = std::vector<double>(steps.begin(), steps.end()),
                            .y = mean_curve(result.outcomes[arm]),
                            .error = {}});
  return chart;
}

StudyChart cost_chart(const TeacherResult& result) {
  StudyChart chart{.title = "Loss against meetings",
                   .hint = "bars: one standard error; down and left is better",
                   .x_label = "meetings",
                   .y_label = "excess loss",
                   .log_x = true};
  for (size_t arm = 0; arm < result.outcomes.size(); ++arm) {
    const Outcomes& outcomes = result.outcomes[arm];
    const SeedMean loss = seed_mean(losses(outcomes));
    chart.curves.push_back({.label = result.request.arms[arm].name,
                            .x = {seed_mean(each(outcomes, [](const auto& one) { return one.rounds; })).mean},
                            .y = {loss.mean},
                            .error = {loss.standard_error},
                            .points = true});
  }
  return chart;
}

StudyChart periods_chart(const TeacherResult& result) {
  StudyChart chart{.title = "Period over the steps",
                   .hint = "steps between two meetings, mean over the seeds",
                   .x_label = "steps of each worker",
                   .y_label = "period"};
  const std::vector<int64_t> steps = teacher_points(result.request.problem.steps);
  for (size_t arm = 0; arm < result.outcomes.size(); ++arm) {
    StudyCurve curve{.label = result.request.arms[arm].name, .x = {}, .y = {}, .error = {}};
    for (size_t i = 1; i < steps.size(); ++i) {
      curve.x.push_back(static_cast<double>(steps[i]));
      curve.y.push_back(
          seed_mean(each(result.outcomes[arm], [&](const auto& one) { return one.periods[i]; })).mean);
    }
    chart.curves.push_back(std::move(curve));
  }
  return chart;
}

}  // namespace

SeedMean seed_mean(const std::vector<double>& values) {
  if (values.empty()) return {};
  const auto n = static_cast<double>(values.size());
  double sum = 0, squares = 0;
  for (const double value : values) sum += value;
  for (const double value : values) squares += (value - sum / n) * (value - sum / n);
  return {sum / n, values.size() > 1 ? std::sqrt(squares / (n - 1) / n) : 0};
}

std::string teacher_json(const TeacherResult& result, int indent) {
  const TeacherRequest& request = result.request;
  Json json = {{"workers", request.problem.workers},
               {"batch", request.problem.batch},
               {"steps", request.problem.steps},
               {"noise", request.problem.noise},
               {"seed", request.seed},
               {"seeds", request.seeds},
               {"baseline", request.arms[request.baseline].name}};
  json["arms"] = Json::array();
  for (size_t arm = 0; arm < result.outcomes.size(); ++arm) json["arms"].push_back(arm_json(result, arm));
  json["seconds"] = result.seconds;
  return json.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string teacher_text(const TeacherResult& result) {
  return wrapped(sentence(result), "") + study_table_text(table(result));
}

StudyPage teacher_page(const TeacherResult& result) {
  const TeacherRequest& request = result.request;
  StudyPage page;
  page.title = sentence(result);
  page.lead = fmt::format(
      "A student network of 193 parameters learns a teacher from fresh samples with noise {}: {} workers, "
      "batches of {}, {} steps of plain SGD, seeds {} to {}; every method sees the same data at a seed.",
      format_number(request.problem.noise), request.problem.workers, request.problem.batch,
      format_count(request.problem.steps), request.seed,
      request.seed + static_cast<uint64_t>(request.seeds) - 1);
  page.command = request.command;
  page.sections.push_back({"Methods side by side", "", {table(result)}, {}});
  page.sections.back().charts = {cost_chart(result), curves_chart(result), periods_chart(result)};
  return page;
}

}  // namespace muster::inline app
