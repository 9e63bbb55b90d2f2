#include "muster/plan/fit_rounds.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "muster/base/error.h"

namespace muster::inline plan {

namespace {

/// Mean without values above three times the median, which other load on the machine causes.
double usual_mean(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const double limit = 3 * values[values.size() / 2];
  double sum = 0, number = 0;
  for (const double value : values)
    if (value <= limit || number == 0) sum += value, ++number;
  return sum / number;
}

/// Rounds of one kind and length.
struct Kind {
  std::vector<double> whole, step, meeting;
};
using Kinds = std::map<std::pair<bool, int64_t>, Kind>;

Kinds by_kind(const std::vector<MeasuredRound>& rounds) {
  Kinds kinds;
  for (const MeasuredRound& round : rounds) {
    Kind& kind = kinds[{round.gradients, round.steps}];
    kind.whole.push_back(round.steps_seconds + round.meeting_seconds);
    kind.step.push_back(round.steps_seconds / static_cast<double>(round.steps));
    kind.meeting.push_back(round.meeting_seconds);
  }
  return kinds;
}

FittedTimes from_parts(const Kinds& kinds) {
  double steps = 0, weights = 0;
  std::optional<double> meetings[2];
  std::vector<double> gathered[2];
  for (const auto& [name, kind] : kinds) {
    const double weight = static_cast<double>(kind.step.size()) * static_cast<double>(name.second);
    steps += weight * usual_mean(kind.step);
    weights += weight;
    auto& all = gathered[name.first ? 1 : 0];
    all.insert(all.end(), kind.meeting.begin(), kind.meeting.end());
  }
  for (const size_t i : {0, 1})
    if (!gathered[i].empty()) meetings[i] = usual_mean(gathered[i]);
  const double parameters = meetings[0] ? *meetings[0] : meetings[1].value_or(0);
  return {steps / weights, meetings[1].value_or(parameters), parameters};
}

/// Weighted as if a round's variance were proportional to its number of steps.
double weight_of(int64_t steps, const Kind& kind) {
  return static_cast<double>(kind.whole.size()) / static_cast<double>(steps);
}

/// Least squares of whole rounds over their length.
std::optional<FittedTimes> from_lengths(const Kinds& kinds) {
  double weight = 0, mean_h = 0, mean_t = 0;
  for (const auto& [name, kind] : kinds) {
    if (name.first) continue;
    const double number = weight_of(name.second, kind);
    weight += number;
    mean_h += number * static_cast<double>(name.second);
    mean_t += number * usual_mean(kind.whole);
  }
  if (weight == 0) return std::nullopt;
  mean_h /= weight, mean_t /= weight;
  double squares = 0, products = 0;
  for (const auto& [name, kind] : kinds) {
    if (name.first) continue;
    const double number = weight_of(name.second, kind);
    const double h = static_cast<double>(name.second) - mean_h;
    squares += number * h * h;
    products += number * h * (usual_mean(kind.whole) - mean_t);
  }
  if (!(squares > 0) || !(products > 0)) return std::nullopt;
  FittedTimes times;
  times.step_seconds = products / squares;
  times.parameter_seconds = mean_t - times.step_seconds * mean_h;
  if (times.parameter_seconds < 0) times = {mean_t / mean_h, 0, 0};  // a meeting takes no negative time
  return times;
}

}  // namespace

FittedTimes fit_rounds(const std::vector<MeasuredRound>& rounds) {
  if (rounds.empty()) throw DataError("no round was measured: the run is too short to plan from");
  const Kinds kinds = by_kind(rounds);
  auto times = from_lengths(kinds);
  if (!times) return from_parts(kinds);
  times->gradient_seconds = times->parameter_seconds;
  for (const auto& [name, kind] : kinds)
    if (name.first) times->gradient_seconds = std::max(0.0, usual_mean(kind.whole) - times->step_seconds);
  return *times;
}

}  // namespace muster::inline plan
