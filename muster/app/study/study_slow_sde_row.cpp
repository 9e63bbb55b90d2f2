#include "muster/app/study/study_slow_sde_row.h"

#include <cmath>
#include <functional>
#include <limits>

#include "muster/base/stopwatch.h"

namespace muster::inline app {

namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

std::vector<int64_t> steps_of(const ReplicaOutcome& outcome) {
  std::vector<int64_t> steps;
  for (const ReplicaRecord& record : outcome.records) steps.push_back(record.step);
  return steps;
}

void keep_curves(SlowSdeRow& row, const ReplicaOutcome& outcome,
                 const std::function<SlowSdeNumber(size_t record, size_t number)>& law, size_t numbers) {
  for (size_t i = 0; i < outcome.records.size(); ++i) {
    row.steps.push_back(static_cast<double>(outcome.records[i].step));
    row.curves.emplace_back();
    for (size_t j = 0; j < numbers; ++j) row.curves.back().push_back(law(i, j));
  }
  row.numbers = row.curves.back();
}

void run_problem(const HyperbolaOptions& options, const SlowSdePlan& plan, const ReplicaOptions& replicas,
                 SlowSdeRow& row) {
  const Stopwatch watch;
  const ReplicaOutcome outcome = simulate_hyperbola(options, plan, replicas);
  row.seconds = watch.seconds();
  row.measure = "D";
  const HyperbolaLaws laws = hyperbola_laws(options, plan, steps_of(outcome));
  keep_curves(
      row, outcome,
      [&](size_t i, size_t) {
        return SlowSdeNumber{outcome.records[i].quantities[0], laws.finite_step[i], laws.continuous[i],
                             laws.sgd[i]};
      },
      1);
  const Estimate d = outcome.last()[0];
  const double trace = hyperbola_curvature(d.mean);
  row.trace = Estimate{trace, std::fabs(d.mean) / trace * d.standard_error};
}

SlowSdeNumber stationary(const ValleyOptions& options, const SlowSdePlan& plan, Estimate measured) {
  const auto law = [&](int64_t period, SlowForm form) {
    return valley_second_moment(options, plan.workers, plan.rate(), period, form);
  };
  return {measured, law(plan.period(), SlowForm::finite_step), law(plan.period(), SlowForm::continuous),
          law(1, SlowForm::continuous)};
}

void run_problem(const ValleyOptions& options, const SlowSdePlan& plan, const ReplicaOptions& replicas,
                 SlowSdeRow& row) {
  const Stopwatch watch;
  const ReplicaOutcome outcome = simulate_valley(options, plan, replicas);
  row.seconds = watch.seconds();
  if (options.tangent_noise > 0) {
    row.measure = "E[y^2]";
    const SlowSdeNumber number = stationary(options, plan, outcome.averages[0]);
    keep_curves(
        row, outcome,
        [&](size_t i, size_t) {
          SlowSdeNumber here = number;
          here.simulated = outcome.records[i].quantities[0];
          return here;
        },
        1);
    row.numbers = {number};
    return;
  }
  row.measure = "y";
  const auto at = steps_of(outcome);
  const auto finite = valley_path(options, plan, at, SlowForm::finite_step);
  const auto continuous = valley_path(options, plan, at, SlowForm::continuous);
  const double rate = options.noise * options.noise / (2 * static_cast<double>(plan.workers));
  const std::vector<double> times = plan.slow_times();
  size_t round = 0;
  keep_curves(
      row, outcome,
      [&](size_t i, size_t) {
        while (at[i] > 0 && plan.rounds[round].start + plan.rounds[round].period < at[i]) ++round;
        const double time = at[i] > 0 ? times[round] : 0;
        const double sgd = options.with_curvature ? options.start.value_or(1) * std::exp(-rate * time) : none;
        return SlowSdeNumber{outcome.records[i].quantities[1], finite[i], continuous[i], sgd};
      },
      1);
}

void run_problem(const DiagonalNetOptions& options, const SlowSdePlan& plan, const ReplicaOptions& replicas,
                 SlowSdeRow& row) {
  const Stopwatch watch;
  const ReplicaOutcome outcome = simulate_diagonal_net(options, plan, replicas);
  row.seconds = watch.seconds();
  row.measure = "ln(Q_j/Q_j(0))";
  const DiagonalNetLaws laws = diagonal_net_laws(options, plan, steps_of(outcome));
  keep_curves(
      row, outcome,
      [&](size_t i, size_t j) {
        return SlowSdeNumber{outcome.records[i].quantities[j], laws.finite_step[i][j], laws.continuous[i][j],
                             laws.sgd[i][j]};
      },
      static_cast<size_t>(options.features));
  row.trace = outcome.last()[static_cast<size_t>(options.features)];
}

}  // namespace

double SlowSdeRow::communication() const {
  return static_cast<double>(run->plan.rounds.size()) / static_cast<double>(run->plan.steps());
}

double SlowSdeRow::round_time() const {
  return static_cast<double>(run->plan.period()) * run->plan.rate() * run->plan.rate();
}

SlowSdeRow run_slow_sde_case(const SlowSdeCase& one, const ReplicaOptions& replicas) {
  SlowSdeRow row;
  row.run = &one;
  row.slow_time = one.plan.slow_times().back();
  std::visit([&](const auto& problem) { run_problem(problem, one.plan, replicas, row); }, one.problem);
  return row;
}

std::optional<ExcessSlope> excess_slope(const std::vector<const SlowSdeRow*>& rows) {
  ExcessSlope result;
  double products = 0, squares = 0;
  const SlowSdeRow *first = nullptr, *last = nullptr;
  const auto excess = [](const SlowSdeRow& row) {
    return row.numbers[0].simulated.mean - row.numbers[0].theory;
  };
  for (const SlowSdeRow* row : rows) {
    const double x = row->round_time(), error = row->numbers[0].simulated.standard_error;
    if (x < 0.25 || x > 0.95 || !(error > 0) || !std::isfinite(row->numbers[0].theory)) continue;
    products += x * excess(*row) / (error * error);
    squares += x * x / (error * error);
    if (!first) first = row;
    last = row;
    ++result.rows;
  }
  if (result.rows < 2 || first->round_time() == last->round_time()) return std::nullopt;
  result.slope = products / squares;
  result.standard_error = 1 / std::sqrt(squares);
  const double distance = last->round_time() - first->round_time();
  result.between = (excess(*last) - excess(*first)) / distance;
  result.between_error =
      std::hypot(first->numbers[0].simulated.standard_error, last->numbers[0].simulated.standard_error) /
      distance;
  return result;
}

}  // namespace muster::inline app
