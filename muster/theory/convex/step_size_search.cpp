#include "muster/theory/convex/step_size_search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "muster/theory/convex/local_sgd.h"

namespace muster::inline theory {

namespace {

constexpr double within = 1.15;  // times the best on the first seed: then run on the other seeds too

/// The values of `count` seeds from `first` on; none where one is missing.
std::optional<std::vector<int64_t>> values_of(const std::vector<std::optional<int64_t>>& seeds, int64_t first,
                                              int64_t count) {
  std::vector<int64_t> values;
  for (int64_t seed = first; seed < first + count; ++seed) {
    const std::optional<int64_t>& value = seeds[static_cast<size_t>(seed)];
    if (!value) return std::nullopt;
    values.push_back(*value);
  }
  return values;
}

double mean_of(const std::vector<int64_t>& values) {
  double sum = 0;
  for (const int64_t value : values) sum += static_cast<double>(value);
  return sum / static_cast<double>(values.size());
}

double spread_of(const std::vector<int64_t>& values) {
  if (values.size() < 2) return 0;
  const double mean = mean_of(values);
  double sum = 0;
  for (const int64_t value : values) sum += std::pow(static_cast<double>(value) - mean, 2);
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

}  // namespace

StepSizeSearch::StepSizeSearch(const ConvexProblem& problem, double optimum, SearchOptions options)
    : problem_(problem), optimum_(optimum), options_(std::move(options)) {
  const Passages seeds(static_cast<size_t>(options_.seeds + options_.tuning_seeds));
  const Column column(options_.grid.size(), seeds);
  last_.assign(options_.targets.size(), column);
  weighted_.assign(options_.targets.size(), column);
}

int64_t StepSizeSearch::runs_in_all() const {
  const auto first = static_cast<int64_t>(options_.grid.size());
  const int64_t judged = options_.tuning_seeds > 0 && !judges_ ? options_.seeds : 0;
  if (done_ >= first) return first + static_cast<int64_t>(reruns_.size()) + judged;
  return first + 2 * (search_seeds() - 1) + judged;
}

bool StepSizeSearch::advance() {
  const auto number = static_cast<size_t>(done_);
  if (number < options_.grid.size()) {
    run_first(number);
    ++done_;
    if (number + 1 == options_.grid.size()) choose_reruns();
    if (number + 1 == options_.grid.size() && reruns_.empty()) choose_judged();
    return number + 1 < options_.grid.size() || !reruns_.empty();
  }
  const size_t at = number - options_.grid.size();
  if (at >= reruns_.size()) return false;
  const Rerun& rerun = reruns_[at];
  const FirstPassages passed = run(options_.grid[rerun.setting], rerun.seed, rerun_limits(rerun.setting));
  for (size_t i = 0; i < options_.targets.size(); ++i) {
    last_[i][rerun.setting][static_cast<size_t>(rerun.seed)] = passed.last[i];
    weighted_[i][rerun.setting][static_cast<size_t>(rerun.seed)] = passed.weighted[i];
  }
  ++done_;
  if (at + 1 == reruns_.size()) choose_judged();
  return at + 1 < reruns_.size();
}

FirstPassages StepSizeSearch::run(const ConvexStepSize& step_size, int64_t seed,
                                  const PassageLimits& limits) const {
  LocalSgdOptions method = options_.method;
  const bool tunes = seed < options_.tuning_seeds;
  method.seed += static_cast<uint64_t>(tunes ? options_.seeds + seed : seed - options_.tuning_seeds);
  method.step_size = step_size;
  std::unique_ptr<ConvexMethod> made;
  if (options_.asynchronous)
    made = std::make_unique<DelayedLocalSgd>(problem_, method, options_.delay);
  else
    made = std::make_unique<LocalSgd>(problem_, method);
  return first_passages(*made, problem_, optimum_, options_.delay.period, options_.targets, limits);
}

// A setting that needs more than 15 % above the best so far cannot be chosen any more.
PassageLimits StepSizeSearch::first_limits() const {
  const auto limit = [&](const Column& column) {
    int64_t best = options_.most_steps;
    for (const auto& setting : column)
      if (setting[0]) best = std::min(best, *setting[0]);
    const auto reach = static_cast<int64_t>(within * static_cast<double>(best)) + 1;
    return std::min(reach, options_.most_steps);
  };
  PassageLimits limits;
  for (size_t i = 0; i < options_.targets.size(); ++i) {
    limits.last.push_back(limit(last_[i]));
    limits.weighted.push_back(limit(weighted_[i]));
  }
  return limits;
}

// No steps for columns in which the setting is not one of the two best.
PassageLimits StepSizeSearch::rerun_limits(size_t setting) const {
  const auto limit = [&](const Column& column) {
    const std::vector<size_t> best = best_two(column);
    return std::find(best.begin(), best.end(), setting) != best.end() ? options_.most_steps : 0;
  };
  PassageLimits limits;
  for (size_t i = 0; i < options_.targets.size(); ++i) {
    limits.last.push_back(limit(last_[i]));
    limits.weighted.push_back(limit(weighted_[i]));
  }
  return limits;
}

void StepSizeSearch::run_first(size_t setting) {
  const FirstPassages passed = run(options_.grid[setting], 0, first_limits());
  for (size_t i = 0; i < options_.targets.size(); ++i) {
    last_[i][setting][0] = passed.last[i];
    weighted_[i][setting][0] = passed.weighted[i];
  }
}

std::vector<size_t> StepSizeSearch::best_two(const Column& column) const {
  std::vector<size_t> order;
  for (size_t i = 0; i < column.size(); ++i)
    if (column[i][0]) order.push_back(i);
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return *column[a][0] < *column[b][0]; });
  if (order.size() > 2) order.resize(2);
  if (order.size() == 2 &&
      static_cast<double>(*column[order[1]][0]) > within * static_cast<double>(*column[order[0]][0]))
    order.pop_back();
  return order;
}

void StepSizeSearch::choose_reruns() {
  std::vector<bool> chosen(options_.grid.size());
  for (const auto* columns : {&last_, &weighted_})
    for (const Column& column : *columns)
      for (const size_t setting : best_two(column)) chosen[setting] = true;
  for (size_t setting = 0; setting < chosen.size(); ++setting)
    for (int64_t seed = 1; chosen[setting] && seed < search_seeds(); ++seed)
      reruns_.push_back({setting, seed});
}

// Called once after the search with tuning seeds: the settings chosen for any column are run on the reported
// seeds.
void StepSizeSearch::choose_judged() {
  if (options_.tuning_seeds == 0 || judges_) return;
  judges_ = true;
  std::vector<bool> chosen(options_.grid.size());
  for (const auto* columns : {&last_, &weighted_})
    for (const Column& column : *columns)
      if (const auto setting = chosen_of(column)) chosen[*setting] = true;
  for (size_t setting = 0; setting < chosen.size(); ++setting)
    for (int64_t seed = 0; chosen[setting] && seed < options_.seeds; ++seed)
      reruns_.push_back({setting, options_.tuning_seeds + seed});
}

/// The setting with the least mean over the seeds of the search.
std::optional<size_t> StepSizeSearch::chosen_of(const Column& column) const {
  std::optional<size_t> chosen;
  double least = 0;
  for (const size_t setting : best_two(column)) {
    const auto steps = values_of(column[setting], 0, search_seeds());
    if (!steps || (chosen && mean_of(*steps) >= least)) continue;
    chosen = setting;
    least = mean_of(*steps);
  }
  return chosen;
}

std::vector<std::optional<TunedSteps>> StepSizeSearch::best(bool newest) const {
  std::vector<std::optional<TunedSteps>> all;
  for (const Column& column : newest ? last_ : weighted_) {
    all.emplace_back();
    const auto setting = chosen_of(column);
    if (!setting) continue;
    const auto steps = values_of(column[*setting], options_.tuning_seeds, options_.seeds);
    if (steps) all.back() = TunedSteps{mean_of(*steps), spread_of(*steps), *steps, options_.grid[*setting]};
  }
  return all;
}

std::vector<ConvexStepSize> step_size_grid(int64_t samples) {
  std::vector<ConvexStepSize> grid;
  for (const int power : {-3, -2, -4, -1, -5, 0, -6, 1, 2})
    grid.push_back({StepSizeRule::inverse, std::ldexp(1.0, power), static_cast<double>(samples)});
  for (const int power : {-4, -3, -5, -2, -6, -1, -7, 0, 1})
    grid.push_back({StepSizeRule::constant, 32 * std::ldexp(1.0, power), static_cast<double>(samples)});
  return grid;
}

}  // namespace muster::inline theory
