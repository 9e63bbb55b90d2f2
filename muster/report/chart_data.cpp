#include "muster/report/chart_data.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "muster/report/thinning.h"

namespace muster::inline report {

namespace {

// Numbers that all curves together may hold: about 9 bytes each.
constexpr size_t most_numbers = 100'000;

std::string six_digits(double value) { return std::isfinite(value) ? fmt::format("{:.6g}", value) : "null"; }

std::string text(const std::string& words) {
  return nlohmann::json(words).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

template <class Point>
std::string column(const std::vector<Point>& points, double Point::*member) {
  std::vector<std::string> numbers;
  for (const Point& point : points) numbers.push_back(six_digits(point.*member));
  return fmt::format("[{}]", fmt::join(numbers, ","));
}

template <class Point>
std::vector<Point> chosen(const std::vector<Point>& points, double Point::*member, size_t most) {
  std::vector<double> values;
  for (const Point& point : points) values.push_back(point.*member);
  std::vector<Point> kept;
  for (const size_t at : thinned(values, most)) kept.push_back(points[at]);
  return kept;
}

std::string curve_json(const std::vector<CurvePoint>& points, size_t most) {
  const auto kept = chosen(points, &CurvePoint::y, most);
  return fmt::format("{{\"x\":{},\"y\":{}}}", column(kept, &CurvePoint::x), column(kept, &CurvePoint::y));
}

std::string evaluations_json(const std::vector<EvaluationPoint>& points, size_t most) {
  const bool knows_accuracy = std::any_of(points.begin(), points.end(),
                                          [](const auto& point) { return std::isfinite(point.accuracy); });
  const auto kept =
      chosen(points, knows_accuracy ? &EvaluationPoint::accuracy : &EvaluationPoint::loss, most);
  return fmt::format("{{\"step\":{},\"seconds\":{},\"bytes\":{},\"accuracy\":{},\"loss\":{}}}",
                     column(kept, &EvaluationPoint::step), column(kept, &EvaluationPoint::seconds),
                     column(kept, &EvaluationPoint::bytes), column(kept, &EvaluationPoint::accuracy),
                     column(kept, &EvaluationPoint::loss));
}

std::vector<const RunHistory*> counted(const Arm& arm) {
  std::vector<const RunHistory*> finished, all;
  for (const RunHistory& run : arm.runs) {
    all.push_back(&run);
    if (run.finished) finished.push_back(&run);
  }
  return finished.empty() ? all : finished;
}

std::string run_json(const RunHistory& run, size_t most) {
  std::string probes;
  for (const ProbedNumber& number : probed_numbers()) {
    const auto curve = probed(run.lines, std::string(number.name));
    if (!curve.empty()) probes += fmt::format(",\"probe/{}\":{}", number.name, curve_json(curve, most));
  }
  return fmt::format("{{\"seed\":{},\"finished\":{},\"evaluations\":{},\"period\":{},\"divergence\":{}{}}}",
                     run.seed, run.finished, evaluations_json(evaluations(run.lines), most),
                     curve_json(periods(run.lines), most), curve_json(divergences(run.lines), most), probes);
}

std::string seconds_json(const SummarySeconds& s) {
  const double parts = s.compute + s.waiting + s.averaging + s.data + s.evaluation + s.checkpoint;
  return fmt::format(
      "{{\"compute\":{},\"waiting\":{},\"averaging\":{},\"data\":{},\"evaluation\":{},\"checkpoints\":{},"
      "\"rest\":{}}}",
      six_digits(s.compute), six_digits(s.waiting), six_digits(s.averaging), six_digits(s.data),
      six_digits(s.evaluation), six_digits(s.checkpoint), six_digits(std::max(0.0, s.total - parts)));
}

std::string arm_json(const Arm& arm, const ArmResult& result, size_t most) {
  std::vector<std::vector<EvaluationPoint>> curves;
  const auto runs = counted(arm);
  for (const RunHistory* run : runs) curves.push_back(evaluations(run->lines));
  std::vector<std::string> seeds;
  for (const RunHistory& run : arm.runs) seeds.push_back(run_json(run, most));
  const std::string predicted = result.predicted ? fmt::format("{{\"compute\":{},\"communication\":{}}}",
                                                               six_digits(result.predicted->compute),
                                                               six_digits(result.predicted->communication))
                                                 : "null";
  return fmt::format("{{\"name\":{},\"mean\":{},\"loss\":{},\"runs\":[{}],\"seconds\":{},\"predicted\":{}}}",
                     text(arm.name), evaluations_json(mean_curve(curves), most),
                     curve_json(training_loss(runs, 80), most), fmt::join(seeds, ","),
                     seconds_json(result.seconds), predicted);
}

}  // namespace

std::span<const ProbedNumber> probed_numbers() {
  static constexpr std::array numbers = {
      ProbedNumber{"largest_eigenvalue", "Largest eigenvalue of the Hessian",
                   "sharpness of the averaged model's training loss, between rounds"},
      ProbedNumber{"hessian_trace", "Trace of the Hessian",
                   "of the averaged model's training loss, estimated with random signs"},
      ProbedNumber{"gradient_noise_trace", "Trace of the gradient's covariance",
                   "noise of one sample's gradient"},
      ProbedNumber{"noise_scale", "Gradient noise scale",
                   "samples at which noise and gradient are equally long; larger batches gain little beyond"},
      ProbedNumber{"worker_divergence", "Divergence of the workers",
                   "mean squared distance to their mean, one step before a meeting"},
      ProbedNumber{"outer_gradient_cosine", "Cosine between the workers' outer gradients",
                   "mean over all pairs, one step before a meeting; 1: all go the same way"},
      ProbedNumber{"distance", "Distance from the start",
                   "of the averaged model, in the norm of its parameters"}};
  return numbers;
}

std::vector<CurvePoint> probed(const std::vector<MetricsLine>& lines, const std::string& name) {
  std::vector<CurvePoint> points;
  for (const MetricsLine& line : lines)
    if (const auto found = line.probe.find(name); found != line.probe.end())
      points.push_back({static_cast<double>(line.step), found->second});
  return points;
}

std::vector<EvaluationPoint> evaluations(const std::vector<MetricsLine>& lines) {
  std::vector<EvaluationPoint> points;
  double bytes = 0;
  for (const MetricsLine& line : lines) {
    bytes += static_cast<double>(line.bytes_per_worker);
    if (!line.test_loss && !line.test_accuracy) continue;
    points.push_back({static_cast<double>(line.step), line.wall_seconds, bytes,
                      line.test_accuracy.value_or(std::nan("")), line.test_loss.value_or(std::nan(""))});
  }
  return points;
}

std::vector<EvaluationPoint> mean_curve(const std::vector<std::vector<EvaluationPoint>>& curves) {
  std::map<double, std::vector<EvaluationPoint>> by_step;
  size_t count = 0;
  for (const auto& curve : curves) {
    count += curve.empty() ? 0 : 1;
    for (const EvaluationPoint& point : curve) by_step[point.step].push_back(point);
  }
  std::vector<EvaluationPoint> means;
  for (const auto& [step, points] : by_step) {
    if (points.size() != count) continue;
    EvaluationPoint mean;
    for (const EvaluationPoint& point : points)
      for (double EvaluationPoint::*member :
           {&EvaluationPoint::step, &EvaluationPoint::seconds, &EvaluationPoint::bytes,
            &EvaluationPoint::accuracy, &EvaluationPoint::loss})
        mean.*member += point.*member / static_cast<double>(count);
    means.push_back(mean);
  }
  return means;
}

std::vector<CurvePoint> training_loss(const std::vector<const RunHistory*>& runs, size_t most) {
  double last = 1;
  for (const RunHistory* run : runs)
    if (!run->lines.empty()) last = std::max(last, static_cast<double>(run->lines.back().step));
  struct Stretch {
    double steps = 0, middles = 0, losses = 0;
  };
  std::map<size_t, Stretch> stretches;
  for (const RunHistory* run : runs)
    for (const MetricsLine& line : run->lines) {
      if (line.evaluation || !std::isfinite(line.loss)) continue;
      const auto period = static_cast<double>(line.period);
      const double middle = static_cast<double>(line.step) - period / 2;
      Stretch& stretch = stretches[static_cast<size_t>(middle / last * static_cast<double>(most))];
      stretch.steps += period;
      stretch.middles += period * middle;
      stretch.losses += period * line.loss;
    }
  std::vector<CurvePoint> points;
  for (const auto& [index, stretch] : stretches)
    points.push_back({stretch.middles / stretch.steps, stretch.losses / stretch.steps});
  return points;
}

std::vector<CurvePoint> periods(const std::vector<MetricsLine>& lines) {
  std::vector<CurvePoint> all;
  for (const MetricsLine& line : lines)
    if (!line.evaluation)
      all.push_back({static_cast<double>(line.step - line.period), static_cast<double>(line.period)});
  if (all.empty()) return all;
  all.push_back({all.back().x + all.back().y, all.back().y});
  std::vector<CurvePoint> points;
  for (size_t i = 0; i < all.size(); ++i)
    if (i == 0 || i + 1 == all.size() || all[i].y != all[i - 1].y || all[i].y != all[i + 1].y)
      points.push_back(all[i]);
  return points;
}

std::vector<CurvePoint> divergences(const std::vector<MetricsLine>& lines) {
  std::vector<CurvePoint> points;
  for (const MetricsLine& line : lines)
    if (!line.evaluation && line.divergence)
      points.push_back({static_cast<double>(line.step), *line.divergence});
  return points;
}

std::string chart_data(const std::vector<Arm>& arms, const std::vector<ArmResult>& results, Quality quality) {
  size_t runs = 0;
  for (const Arm& arm : arms) runs += 1 + arm.runs.size();
  constexpr size_t numbers_per_point = 9;  // five columns of the evaluations, two of each other curve
  const size_t most =
      std::clamp<size_t>(most_numbers / (numbers_per_point * std::max<size_t>(1, runs)), 8, 400);
  std::vector<std::string> parts;
  for (size_t i = 0; i < arms.size(); ++i) parts.push_back(arm_json(arms[i], results[i], most));
  return fmt::format("{{\"quality\":\"{}\",\"floor\":{},\"arms\":[{}]}}",
                     quality == Quality::loss ? "loss" : "accuracy",
                     six_digits(loss_floor(arms).value_or(std::nan(""))), fmt::join(parts, ","));
}

}  // namespace muster::inline report
