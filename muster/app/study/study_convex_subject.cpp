#include "muster/app/study/study_convex_subject.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/base/stopwatch.h"
#include "muster/theory/convex/convex_bounds.h"
#include "muster/theory/convex/generated_rows.h"
#include "muster/theory/convex/libsvm_file.h"

namespace muster::inline app {

namespace {

// Refuses too large a problem: every worker has an iterate of its own.
void check_size(const ConvexRequest& request, int64_t features) {
  const int64_t workers = *std::max_element(request.workers.begin(), request.workers.end());
  const double places = static_cast<double>(workers) * static_cast<double>(features);
  if (places > 1e9)
    throw OptionError("--workers", std::to_string(workers),
                      fmt::format("with {} features would take {}; use fewer", format_count(features),
                                  format_bytes(16 * places)));
}

}  // namespace

ConvexSubject convex_subject(const ConvexRequest& request) {
  const Stopwatch watch;
  const SparseRows rows = request.data.empty() ? generated_rows({}) : read_libsvm(request.data);
  const double read_seconds = watch.seconds();
  check_size(request, rows.features);
  ConvexProblem problem(rows, request.objective);
  ConvexOptimum optimum = find_optimum(problem);
  const ConvexConstants constants = convex_constants(problem, optimum);
  const double start = problem.value(std::vector<double>(static_cast<size_t>(problem.features())));
  const double gap = start - optimum.value;
  return {std::move(problem), std::move(optimum), constants, gap, read_seconds};
}

StudyTable subject_table(const ConvexSubject& subject) {
  const ConvexProblem& problem = subject.problem;
  const ConvexConstants& constants = subject.constants;
  const PackedRows& rows = problem.rows();
  const auto number = [](double value) { return format_number(value, 10); };
  StudyTable table{"What is known of it", {"what", "value"}, {}, ""};
  table.rows = {
      {"samples n", format_count(problem.samples())},
      {"features d", format_count(problem.features())},
      {"non-zeros", format_count(rows.entries)},
      {"distinct samples", format_count(static_cast<int64_t>(rows.distinct.size()))},
      {"samples without features", format_count(rows.empty_rows)},
      {"lambda", number(problem.regularisation())},
      {"smoothness L", number(constants.smoothness)},
      {"strong convexity mu", number(constants.strong_convexity)},
      {"condition number kappa = L / mu", number(constants.condition())},
      {"largest eigenvalue of the Hessian at the optimum", number(constants.curvature_at_optimum)},
      {"gradient noise sigma^2 at the optimum, one sample", number(constants.noise_at_optimum)},
      {"optimum f*", fmt::format("{:.15f}", subject.optimum.value)},
      {"f* is proven to", format_number(subject.optimum.gap_bound, 2)},
      {"f(0) - f*", number(subject.start_gap)},
  };
  if (problem.loss() == Loss::logistic)
    table.rows.push_back({"accuracy at the optimum", number(problem.accuracy(subject.optimum.x))});
  return table;
}

std::string subject_json(const ConvexRequest& request, const ConvexSubject& subject) {
  const ConvexProblem& problem = subject.problem;
  const ConvexConstants& constants = subject.constants;
  double squares = 0;
  for (const double x : subject.optimum.x) squares += x * x;
  nlohmann::ordered_json json = {{"data", request.data.empty() ? "generated" : request.data},
                                 {"loss", problem.loss() == Loss::logistic ? "logistic" : "least-squares"},
                                 {"samples", problem.samples()},
                                 {"features", problem.features()},
                                 {"nonzeros", problem.rows().entries},
                                 {"distinct_samples", problem.rows().distinct.size()},
                                 {"empty_samples", problem.rows().empty_rows},
                                 {"regularisation", problem.regularisation()},
                                 {"optimum", subject.optimum.value},
                                 {"optimum_proven_to", subject.optimum.gap_bound},
                                 {"optimum_norm", std::sqrt(squares)},
                                 {"start_gap", subject.start_gap},
                                 {"smoothness", constants.smoothness},
                                 {"strong_convexity", constants.strong_convexity},
                                 {"condition_number", constants.condition()},
                                 {"largest_sample_smoothness", constants.largest_sample_smoothness},
                                 {"curvature_at_optimum", constants.curvature_at_optimum},
                                 {"noise_at_optimum", constants.noise_at_optimum},
                                 {"read_seconds", subject.read_seconds},
                                 {"seed", request.seed}};
  if (problem.loss() == Loss::logistic) json["accuracy_at_optimum"] = problem.accuracy(subject.optimum.x);
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

ConvexStepSize convex_step_size(const ConvexRequest& request, const ConvexSubject& subject,
                                int64_t longest_period) {
  ConvexStepSize step_size;
  step_size.rule = request.step_size;
  step_size.average = request.average;
  step_size.learning_rate = request.learning_rate.value_or(0.125);
  step_size.samples = static_cast<double>(subject.problem.samples());
  step_size.mu = subject.constants.strong_convexity;
  StichSetting setting;
  setting.smoothness = subject.constants.smoothness;
  setting.strong_convexity = step_size.mu;
  setting.period = longest_period;
  setting.delay = request.delay.value_or(0);
  step_size.shift = stich_shift(setting);
  const double most = 1 / subject.problem.regularisation();
  if (!(step_size.largest() < most))
    throw OptionError("--learning-rate", format_number(step_size.learning_rate),
                      fmt::format("makes a step of {}; it must stay below 1 / lambda = {}",
                                  format_number(step_size.largest()), format_number(most)));
  return step_size;
}

std::string step_size_text(const ConvexStepSize& step_size) {
  switch (step_size.rule) {
    case StepSizeRule::constant:
      return "constant " + format_number(step_size.learning_rate);
    case StepSizeRule::inverse:
      return "inverse " + format_number(step_size.learning_rate);
    case StepSizeRule::theorem:
      return "theorem";
  }
  throw Bug("unknown rule of step sizes");
}

}  // namespace muster::inline app
