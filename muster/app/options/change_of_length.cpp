#include "muster/app/options/change_of_length.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "muster/app/keys/catalogue.h"
#include "muster/app/keys/make_schedule.h"
#include "muster/base/format.h"

namespace muster::inline app {

namespace {

/// Steps of the round that begins at `step`, for rules without state between rounds.
std::optional<int64_t> next_period(const Catalogue& catalogue, const Configuration& configuration,
                                   int64_t total, int64_t step) {
  if (step >= total) return std::nullopt;
  const LearningRate rate = make_learning_rate(catalogue, configuration, total);
  const auto schedule = make_schedule(catalogue, configuration);
  return schedule
      ->next_round({.step = step,
                    .total_steps = total,
                    .learning_rate = rate.at(step),
                    .last_learning_rate = rate.at(std::max<int64_t>(0, step - 1))})
      .steps;
}

std::optional<std::string> change_of_rate(const Catalogue& catalogue, const Configuration& configuration,
                                          int64_t before, int64_t now, int64_t done) {
  const RateKind& shape = catalogue.rates().at(configuration.learning_rate.shape);
  if (!shape.falls_to_the_end) return std::nullopt;
  const LearningRate rate = make_learning_rate(catalogue, configuration, now);
  return fmt::format(
      "learning_rate.shape = {} follows the length of the run: the rate at step {} is {}, and would have "
      "been "
      "{}; it falls to {} at step {}",
      shape.name, format_count(done), format_number(rate.at(done), 3),
      format_number(make_learning_rate(catalogue, configuration, before).at(done), 3),
      format_number(rate.at(now), 3), format_count(configuration.learning_rate.hold_from.value_or(now)));
}

std::optional<std::string> change_of_rule(const Catalogue& catalogue, const Configuration& configuration,
                                          int64_t before, int64_t now, int64_t done) {
  const RuleKind& kind = catalogue.rules().at(configuration.schedule.rule);
  const std::string rule = "schedule.rule = " + kind.name;
  if (kind.change_of_length)
    if (const auto change = kind.change_of_length(configuration.schedule.values, now))
      return rule + " " + *change;
  const bool by_rate = kind.follows == Follows::rate;
  const bool falling = catalogue.rates().at(configuration.learning_rate.shape).falls_to_the_end;
  if (kind.follows != Follows::length && !(by_rate && falling)) return std::nullopt;
  const auto next = next_period(catalogue, configuration, now, done);
  if (!next) return std::nullopt;
  const auto planned = next_period(catalogue, configuration, before, done);
  return fmt::format("{} follows {}: the next round has {}{}", rule,
                     by_rate ? "the rate" : "the length of the run",
                     *next == 1 ? "1 step" : format_count(*next) + " steps",
                     planned ? fmt::format(", and would have had {}", format_count(*planned)) : "");
}

}  // namespace

std::vector<std::string> change_of_length(const Catalogue& catalogue, const Configuration& configuration,
                                          int64_t before, int64_t now, int64_t done) {
  std::vector<std::string> lines = {fmt::format("the run had {} steps and gets {}; {} are done",
                                                format_count(before), format_count(now), format_count(done))};
  if (const auto line = change_of_rate(catalogue, configuration, before, now, done)) lines.push_back(*line);
  if (const auto line = change_of_rule(catalogue, configuration, before, now, done)) lines.push_back(*line);
  return lines;
}

}  // namespace muster::inline app
