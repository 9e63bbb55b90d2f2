#include "muster/app/reproduce/claim_rule.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

#include "muster/base/error.h"
#include "muster/base/student.h"

namespace muster::inline app {

namespace {

constexpr std::array<std::string_view, 5> directions = {"less", "more", "no_more", "no_less", "same"};

struct Sample {
  double mean = 0, error = 0;
  int64_t freedom = 0;
};

Sample sample(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  Sample result{std::accumulate(values.begin(), values.end(), 0.0) / n, 0,
                static_cast<int64_t>(values.size()) - 1};
  double squares = 0;
  for (const double value : values) squares += (value - result.mean) * (value - result.mean);
  result.error = std::sqrt(squares / (n - 1) / n);
  return result;
}

/// One bound on a mean: whether Student's interval lies below or above zero, and the p of either.
struct Side {
  bool below = false, above = false;          ///< Student's interval, wholly
  double chance_below = 1, chance_above = 1;  ///< two-sided p of being below, and above
};

Side side_of(const Sample& of) {
  if (of.error == 0) {
    Side sure{of.mean<0, of.mean> 0, 1, 1};
    if (sure.below) sure.chance_below = 0;
    if (sure.above) sure.chance_above = 0;
    return sure;
  }
  const double half = of.error * student_quantile(decision_confidence, of.freedom);
  const double below = student_probability(of.mean / of.error, of.freedom);
  return {of.mean + half<0, of.mean - half> 0, std::min(1.0, 2 * below), std::min(1.0, 2 * (1 - below))};
}

std::vector<double> differences(const std::vector<double>& arm, const std::vector<double>& other,
                                double times, double shift) {
  std::vector<double> values;
  for (size_t i = 0; i < arm.size(); ++i) values.push_back(arm[i] - times * other[i] - shift);
  return values;
}

/// The bounds that the claim sets, each turned so that the claimed side is below zero.
std::vector<Side> bounds(const Comparison& rule, const std::vector<double>& arm,
                         const std::vector<double>& other) {
  const double share = rule.margin_is_share ? rule.margin : 0, fixed = rule.margin_is_share ? 0 : rule.margin;
  std::vector<Side> sides;
  if (rule.direction != Direction::more && rule.direction != Direction::no_less)
    sides.push_back(side_of(sample(differences(arm, other, rule.times + share, fixed))));
  if (rule.direction != Direction::less && rule.direction != Direction::no_more) {
    std::vector<double> values = differences(arm, other, rule.times - share, -fixed);
    for (double& value : values) value = -value;
    sides.push_back(side_of(sample(values)));
  }
  return sides;
}

void check(const std::vector<double>& arm, const std::vector<double>& other) {
  if (arm.size() != other.size())
    throw DataError(
        fmt::format("the arms have {} and {} seeds and cannot be paired", arm.size(), other.size()));
  if (static_cast<int64_t>(arm.size()) < seeds_for_a_decision)
    throw DataError(fmt::format("{} seeds are too few: a measured claim needs at least {}", arm.size(),
                                seeds_for_a_decision));
  for (size_t i = 0; i < arm.size(); ++i)
    if (!std::isfinite(arm[i]) || !std::isfinite(other[i]))
      throw DataError(fmt::format("seed number {} has no finite value", i + 1));
}

}  // namespace

std::string_view direction_word(Direction direction) { return directions[static_cast<size_t>(direction)]; }

std::optional<Direction> direction_of(std::string_view word) {
  for (size_t i = 0; i < directions.size(); ++i)
    if (directions[i] == word) return static_cast<Direction>(i);
  return std::nullopt;
}

Decided decide(const Comparison& comparison, const std::vector<double>& arm,
               const std::vector<double>& other) {
  check(arm, other);
  const Sample all = sample(differences(arm, other, comparison.times, 0));
  Decided result;
  result.pairs = static_cast<int64_t>(arm.size());
  result.mean = all.mean;
  result.error = all.error;
  const double half = all.error * student_quantile(decision_confidence, all.freedom);
  const double unit = comparison.margin_is_share ? std::abs(sample(other).mean) : 1;
  result.margin = comparison.margin * unit;
  result.low = all.mean - half;
  result.high = all.mean + half;
  double holds = 0, refuted = 1;  // p: all bounds must hold, one that is broken refutes
  bool inside = true, outside = false;
  for (const Side& side : bounds(comparison, arm, other)) {
    inside = inside && side.below;
    outside = outside || side.above;
    holds = std::max(holds, side.chance_below);
    refuted = std::min(refuted, side.chance_above);
  }
  result.decision = inside ? Decision::holds : outside ? Decision::refuted : Decision::undecided;
  result.chance = inside ? holds : outside ? refuted : 1;
  return result;
}

DecidedClaim decide_all(const std::vector<Decided>& parts) {
  if (parts.empty()) throw Bug("a measured claim without a part");
  double holds = 0, refuted = 1;
  bool all = true, broken = false;
  for (const Decided& part : parts) {
    all = all && part.decision == Decision::holds;
    if (part.decision == Decision::holds) holds = std::max(holds, part.chance);
    if (part.decision != Decision::refuted) continue;
    broken = true;
    refuted = std::min(refuted, part.chance);
  }
  if (all) return {Decision::holds, holds};
  if (broken) return {Decision::refuted, std::min(1.0, refuted * static_cast<double>(parts.size()))};
  return {};
}

std::vector<bool> stands_with_holm(const std::vector<double>& chances) {
  std::vector<size_t> order(chances.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return chances[a] < chances[b]; });
  std::vector<bool> stands(chances.size(), false);
  for (size_t rank = 0; rank < order.size(); ++rank) {
    const auto left = static_cast<double>(order.size() - rank);
    if (chances[order[rank]] * left > 1 - decision_confidence) break;
    stands[order[rank]] = true;
  }
  return stands;
}

}  // namespace muster::inline app
