#include "muster/app/study/study_convex_runs.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <iostream>

#include "muster/app/keys/catalogue.h"
#include "muster/app/keys/make_schedule.h"
#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/base/stopwatch.h"
#include "muster/base/terminal.h"
#include "muster/report/progress_line.h"
#include "muster/schedule/theory_period.h"

namespace muster::inline app {

namespace {

struct Case {
  int64_t workers, batch, period;  ///< period 0: the schedule
};

std::vector<Case> cases_of(const ConvexRequest& request) {
  std::vector<Case> cases;
  const std::vector<int64_t> by_schedule = {0};
  for (const int64_t batch : request.batches)
    for (const int64_t workers : request.workers)
      for (const int64_t period : request.schedule ? by_schedule : request.periods)
        cases.push_back({workers, batch, period});
  return cases;
}

std::unique_ptr<SyncSchedule> schedule_of(const Catalogue& catalogue, const ConvexRequest& request,
                                          const ConvexSubject& subject, const Case& one) {
  Configuration configuration = *request.schedule;
  configuration.run.workers = one.workers;
  configuration.task.batch = one.batch;
  if (!request.condition_given)
    configuration.schedule.values.set("condition_number", subject.constants.condition());
  return make_schedule(catalogue, configuration);
}

std::string meetings_text(const Catalogue& catalogue, const ConvexRequest& request, const Case& one) {
  if (one.period == 0) {
    const ScheduleSection& keys = request.schedule->schedule;
    return catalogue.rules().at(keys.rule).title_of(keys.values);
  }
  std::string text = fmt::format("H={}", one.period);
  if (request.delay)
    text += fmt::format(", delay {}{}", *request.delay, request.staggered ? ", staggered" : "");
  return text;
}

int64_t longest_period_of(const Catalogue& catalogue, const ConvexRequest& request,
                          const ConvexSubject& subject, const Case& one) {
  if (one.period > 0) return std::min(one.period, request.steps);
  return longest_round(*schedule_of(catalogue, request, subject, one), convex_step_size(request, subject, 1),
                       request.steps);
}

std::unique_ptr<ConvexRun> start_run(const Catalogue& catalogue, const ConvexRequest& request,
                                     const ConvexSubject& subject, const Case& one,
                                     const LocalSgdOptions& method) {
  const ConvexProblem& problem = subject.problem;
  const double optimum = subject.optimum.value;
  if (request.delay) {
    const DelayOptions delay{one.period, *request.delay, request.staggered, 0};
    return std::make_unique<ConvexRun>(problem, optimum, method, request.steps, delay);
  }
  if (one.period > 0) return std::make_unique<ConvexRun>(problem, optimum, method, request.steps, one.period);
  return std::make_unique<ConvexRun>(problem, optimum, method, request.steps,
                                     schedule_of(catalogue, request, subject, one));
}

// sigma^2 and G^2 are taken over the iterates that the run visited.
StichSetting theorem_setting(const ConvexRequest& request, const ConvexSubject& subject, const Case& one,
                             const ConvexRun& run) {
  StichSetting setting;
  setting.smoothness = subject.constants.smoothness;
  setting.strong_convexity = subject.constants.strong_convexity;
  setting.start_distance = 0;
  for (const double x : subject.optimum.x) setting.start_distance += x * x;
  setting.noise = run.gradient_bounds().noise;
  setting.gradient = run.gradient_bounds().gradient;
  setting.workers = one.workers;
  setting.period = run.longest_period();
  setting.delay = request.delay.value_or(0);
  setting.asynchronous = request.delay.has_value();
  return setting;
}

double norm(const std::vector<double>& x) {
  double squares = 0;
  for (const double v : x) squares += v * v;
  return std::sqrt(squares);
}

ConvexRunResult result_of(const Catalogue& catalogue, const ConvexRequest& request,
                          const ConvexSubject& subject, const Case& one, const ConvexStepSize& step_size,
                          const ConvexRun& run) {
  ConvexRunResult result;
  result.workers = one.workers;
  result.batch = one.batch;
  result.meetings = meetings_text(catalogue, request, one);
  result.longest_period = run.longest_period();
  result.rounds = run.rounds();
  result.steps = run.steps();
  result.step_size = step_size;
  result.curve = run.curve();
  result.norm_last = norm(run.last());
  result.seconds = run.training_seconds();
  const double samples =
      static_cast<double>(one.workers) * static_cast<double>(one.batch) * static_cast<double>(run.steps());
  result.samples_per_second = samples / std::max(run.training_seconds(), 1e-9);
  result.setting = theorem_setting(request, subject, one, run);
  result.iterates_looked_at = run.gradient_bounds().iterates;
  result.bound = stich_bound(result.setting, run.steps());
  result.allowed = allowed_periods(result);
  result.allowed.drift_near_optimum =
      drift_period(subject.constants.curvature_at_optimum, step_size.at(run.steps() - 1), one.workers, 1);
  return result;
}

}  // namespace

AllowedPeriods allowed_periods(const ConvexRunResult& run) {
  const int64_t steps = run.steps, workers = run.workers;
  const double kappa = run.setting.smoothness / run.setting.strong_convexity;
  AllowedPeriods allowed;
  allowed.stich = stich_period(steps, workers, run.batch);
  allowed.stich_with_constants = stich_period_with_constants(run.setting, steps);
  allowed.haddadpour = haddadpour_period(steps, workers);
  allowed.khaled = allowed.woodworth = allowed.koloskova = khaled_period(steps, workers, kappa);
  TheoryPeriod growing({Theory::growing, workers, run.batch, kappa});
  allowed.growing_longest = longest_round(growing, run.step_size, steps);
  const double wanted = std::ceil(kappa * static_cast<double>(workers));
  allowed.growing_rounds = static_cast<int64_t>(std::min(wanted, static_cast<double>(steps)));
  allowed.drift = drift_period(run.setting.smoothness, run.step_size.at(steps - 1), workers, 1);
  return allowed;
}

std::vector<ConvexRunResult> convex_runs(const Catalogue& catalogue, const ConvexRequest& request,
                                         const ConvexSubject& subject) {
  const std::vector<Case> cases = cases_of(request);
  std::vector<ConvexRunResult> results;
  const bool terminal = is_live_terminal(STDERR_FILENO);
  ProgressLine line(std::cerr, progress_options(STDERR_FILENO));
  const Stopwatch watch;
  for (const Case& one : cases) {
    LocalSgdOptions method{one.workers, one.batch, request.seed, {}};
    method.step_size =
        convex_step_size(request, subject, longest_period_of(catalogue, request, subject, one));
    const auto run = start_run(catalogue, request, subject, one, method);
    while (run->advance()) {
      ProgressView view;
      view.step = static_cast<int64_t>(results.size()) * request.steps + run->step();
      view.total_steps = static_cast<int64_t>(cases.size()) * request.steps;
      view.round = run->rounds();
      if (terminal) line.show(view, watch.seconds());
    }
    results.push_back(result_of(catalogue, request, subject, one, method.step_size, *run));
  }
  line.end();
  return results;
}

}  // namespace muster::inline app
