#include "muster/report/arm_result.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "muster/base/error.h"

namespace muster::inline report {

namespace {

using Runs = std::vector<const RunHistory*>;

// The finished runs, or all when none has finished; by rising seed.
Runs counted_runs(const Arm& arm) {
  Runs finished, all;
  for (const RunHistory& run : arm.runs) {
    all.push_back(&run);
    if (run.finished) finished.push_back(&run);
  }
  Runs& chosen = finished.empty() ? all : finished;
  std::stable_sort(chosen.begin(), chosen.end(),
                   [](const auto* one, const auto* other) { return one->seed < other->seed; });
  return std::move(chosen);
}

std::vector<double> values_of(const Runs& runs, const std::function<double(const RunHistory&)>& value) {
  std::vector<double> values;
  for (const RunHistory* run : runs) values.push_back(value(*run));
  return values;
}

// Empty unless every run has a finite value.
std::vector<double> known_values(const Runs& runs, std::optional<double> Summary::*member) {
  std::vector<double> values;
  for (const RunHistory* run : runs) {
    const std::optional<double>& value = run->totals.*member;
    if (!value || !std::isfinite(*value)) return {};
    values.push_back(*value);
  }
  return values;
}

SummarySeconds mean_seconds(const Runs& runs) {
  SummarySeconds mean;
  for (double SummarySeconds::*part :
       {&SummarySeconds::compute, &SummarySeconds::waiting, &SummarySeconds::averaging, &SummarySeconds::data,
        &SummarySeconds::evaluation, &SummarySeconds::checkpoint, &SummarySeconds::total})
    mean.*part =
        mean_and_spread(values_of(runs, [&](const auto& run) { return run.totals.seconds.*part; }))->mean;
  return mean;
}

// The settings that determine what a step computes, and where.
std::string work_of_a_step(const RunHistory& run) {
  std::string work;
  for (const auto& [key, value] : run.configuration) {
    const bool counts = key.starts_with("task.") || key.starts_with("image.") || key.starts_with("text.") ||
                        key.starts_with("gpt.") || key.starts_with("inner.") || key == "run.workers" ||
                        key == "run.threads" || key == "run.precision" || key == "run.micro_batches";
    if (counts) work += key + "=" + value + "\n";
  }
  return work;
}

// Generated data are drawn from the seed, which differs between the runs of an arm anyway.
std::string task_of(const RunHistory& run) {
  std::string task;
  for (const char* key : {"task.name", "task.data", "task.test_data", "task.samples", "task.test_samples",
                          "task.classes", "text.tokenizer", "text.vocabulary", "text.markov_order",
                          "clusters.dimension", "clusters.per_class", "clusters.noise"}) {
    const bool same_everywhere =
        run.setting("task.name") == "cifar10" && std::string_view(key) == "task.data";
    if (!same_everywhere && !run.setting(key).empty())
      task += std::string(key) + "=" + run.setting(key) + "\n";
  }
  return task;
}

bool is_judged_by_loss(const Arm& arm) {
  return std::any_of(arm.runs.begin(), arm.runs.end(), [](const RunHistory& run) {
    const std::string task = run.setting("task.name");
    return task == "markov" || task == "text" || task == "tokens" ||
           (run.finished && !run.totals.final_test_accuracy);
  });
}

using StepSeconds = std::map<std::string, double>;

StepSeconds median_step_seconds(const std::vector<Arm>& arms) {
  std::map<std::string, std::vector<double>> measured;
  for (const Arm& arm : arms)
    for (const RunHistory& run : arm.runs)
      if (run.finished) measured[work_of_a_step(run)].push_back(step_seconds(run.work()));
  StepSeconds medians;
  for (auto& [work, seconds] : measured) {
    std::sort(seconds.begin(), seconds.end());
    const size_t half = seconds.size() / 2;
    medians[work] = seconds.size() % 2 == 1 ? seconds[half] : (seconds[half - 1] + seconds[half]) / 2;
  }
  return medians;
}

PredictedTime mean_prediction(const Runs& runs, const StepSeconds& step_seconds, const Network& network) {
  PredictedTime mean;
  for (const RunHistory* run : runs) {
    const PredictedTime time = predict_time(run->work(), step_seconds.at(work_of_a_step(*run)), network);
    mean.compute += time.compute / static_cast<double>(runs.size());
    mean.communication += time.communication / static_cast<double>(runs.size());
  }
  return mean;
}

const std::vector<double>& values(const ArmResult& arm, Quality quality) {
  return quality == Quality::accuracy ? arm.accuracies : arm.losses;
}

}  // namespace

std::optional<MeanSpread> mean_and_spread(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  const auto count = static_cast<double>(values.size());
  MeanSpread result;
  for (const double value : values) result.mean += value / count;
  if (values.size() == 1) return result;
  double squares = 0;
  for (const double value : values) squares += (value - result.mean) * (value - result.mean);
  result.spread = std::sqrt(squares / (count - 1));
  return result;
}

ArmResult arm_result(const Arm& arm) {
  invariant(!arm.runs.empty(), "an arm needs a run");
  const Runs runs = counted_runs(arm);
  ArmResult result;
  result.name = arm.name;
  result.task = task_of(*runs.front());
  result.quality = is_judged_by_loss(arm) ? Quality::loss : Quality::accuracy;
  result.finished = runs.front()->finished;
  for (const RunHistory* run : runs) result.seeds.push_back(run->seed);
  for (const RunHistory& run : arm.runs) result.unfinished += run.finished ? 0 : 1;
  result.accuracies = known_values(runs, &Summary::final_test_accuracy);
  result.losses = known_values(runs, &Summary::final_test_loss);
  result.accuracy = mean_and_spread(result.accuracies);
  result.loss = mean_and_spread(result.losses);
  const auto train_losses = values_of(runs, [](const auto& run) { return run.totals.final_train_loss; });
  if (std::none_of(train_losses.begin(), train_losses.end(), [](double loss) { return std::isnan(loss); }))
    result.train_loss = mean_and_spread(train_losses);
  const auto mean_of = [&](const auto& value) { return *mean_and_spread(values_of(runs, value)); };
  result.rounds = mean_of([](const auto& run) { return static_cast<double>(run.totals.rounds); });
  result.communication = mean_of([](const auto& run) { return run.totals.communication; });
  result.bytes_per_worker =
      mean_of([](const auto& run) { return static_cast<double>(run.totals.bytes_per_worker); });
  result.steps = mean_of([](const auto& run) { return static_cast<double>(run.totals.steps); }).mean;
  result.seconds = mean_seconds(runs);
  return result;
}

std::vector<ArmResult> arm_results(const std::vector<Arm>& arms, const std::optional<Network>& network) {
  const StepSeconds seconds = median_step_seconds(arms);
  std::vector<ArmResult> results;
  for (const Arm& arm : arms) {
    results.push_back(arm_result(arm));
    if (network && results.back().finished)
      results.back().predicted = mean_prediction(counted_runs(arm), seconds, *network);
  }
  return results;
}

Quality quality_of(const std::vector<Arm>& arms) {
  return std::any_of(arms.begin(), arms.end(), is_judged_by_loss) ? Quality::loss : Quality::accuracy;
}

std::optional<double> loss_floor(const std::vector<Arm>& arms) {
  std::vector<double> floors;
  for (const Arm& arm : arms)
    for (const RunHistory& run : arm.runs)
      if (run.totals.loss_floor) floors.push_back(*run.totals.loss_floor);
  const auto mean = mean_and_spread(floors);
  return mean ? std::optional(mean->mean) : std::nullopt;
}

MeanSpread lead(const ArmResult& better, const ArmResult& worse, Quality quality) {
  const double sign = quality == Quality::accuracy ? 1 : -1;
  const std::vector<double>&one = values(better, quality), &other = values(worse, quality);
  if (better.seeds == worse.seeds && !one.empty() && one.size() == other.size()) {
    std::vector<double> differences;
    for (size_t i = 0; i < one.size(); ++i) differences.push_back(sign * (one[i] - other[i]));
    return *mean_and_spread(differences);
  }
  const auto &first = quality_value(better, quality), &second = quality_value(worse, quality);
  invariant(first && second, "a lead needs two measured arms");
  MeanSpread result{sign * (first->mean - second->mean), std::nullopt};
  if (first->spread && second->spread) result.spread = std::hypot(*first->spread, *second->spread);
  return result;
}

const std::optional<MeanSpread>& quality_value(const ArmResult& arm, Quality quality) {
  return quality == Quality::accuracy ? arm.accuracy : arm.loss;
}

bool is_one_task(const std::vector<ArmResult>& arms) {
  const ArmResult* first = nullptr;
  for (const ArmResult& arm : arms) {
    if (!arm.finished) continue;
    if (first && arm.task != first->task) return false;
    first = &arm;
  }
  return true;
}

std::optional<size_t> best_arm(const std::vector<ArmResult>& arms, Quality quality) {
  if (!is_one_task(arms)) return std::nullopt;
  std::optional<size_t> best;
  for (size_t i = 0; i < arms.size(); ++i) {
    if (!arms[i].finished || !quality_value(arms[i], quality)) continue;
    const double sign = quality == Quality::accuracy ? 1 : -1;
    if (!best ||
        sign * (quality_value(arms[i], quality)->mean - quality_value(arms[*best], quality)->mean) > 0)
      best = i;
  }
  return best;
}

std::optional<size_t> cheapest_near_best(const std::vector<ArmResult>& arms, Quality quality) {
  const auto best = best_arm(arms, quality);
  if (!best) return std::nullopt;
  const auto cost = [](const ArmResult& arm) {
    return std::pair(arm.bytes_per_worker.mean, arm.rounds.mean);
  };
  size_t cheapest = *best;
  for (size_t i = 0; i < arms.size(); ++i) {
    if (i == *best || !arms[i].finished || !quality_value(arms[i], quality)) continue;
    const MeanSpread behind = lead(arms[*best], arms[i], quality);
    if (behind.mean > behind.spread.value_or(0)) continue;
    if (cost(arms[i]) < cost(arms[cheapest])) cheapest = i;
  }
  return cheapest;
}

}  // namespace muster::inline report
