#include "muster/app/change_of_length.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "muster/app/make_schedule.h"
#include "muster/base/format.h"

namespace muster {

namespace {

/// Steps of the round that begins at `step`, for rules that keep nothing between rounds.
std::optional<int64_t> next_period(const Configuration& configuration, int64_t total, int64_t step) {
  if (step >= total) return std::nullopt;
  const LearningRate rate = make_learning_rate(configuration, total);
  const auto schedule = make_schedule(schedule_options(configuration));
  return schedule
      ->next_round({.step = step,
                    .total_steps = total,
                    .learning_rate = rate.at(step),
                    .last_learning_rate = rate.at(std::max<int64_t>(0, step - 1))})
      .steps;
}

std::optional<std::string> change_of_rate(const Configuration& configuration, int64_t before, int64_t now,
                                          int64_t done) {
  const std::string& shape = configuration.learning_rate.shape;
  if (shape == "constant" || shape == "step") return std::nullopt;
  const LearningRate rate = make_learning_rate(configuration, now);
  return fmt::format(
      "learning_rate.shape = {} follows the length of the run: the rate at step {} is {}, and would have "
      "been "
      "{}; it falls to {} at step {}",
      shape, format_count(done), format_number(rate.at(done), 3),
      format_number(make_learning_rate(configuration, before).at(done), 3), format_number(rate.at(now), 3),
      format_count(configuration.learning_rate.hold_from.value_or(now)));
}

std::optional<std::string> change_of_rule(const Configuration& configuration, int64_t before, int64_t now,
                                          int64_t done) {
  const ScheduleSection& schedule = configuration.schedule;
  const std::string rule = fmt::format("schedule.rule = {}", schedule.rule);
  const std::string& shape = configuration.learning_rate.shape;
  if (schedule.rule == "adaptive")
    return fmt::format("{} samples the first {} of the run, now {} steps", rule, schedule.sampling_fraction,
                       format_count(now));
  if (schedule.rule == "loss" && !schedule.interval && !schedule.interval_seconds)
    return fmt::format("{} chooses a period in every thirtieth of the run, now {} steps", rule,
                       format_count(now));
  const bool by_rate = schedule.rule == "qsr" || schedule.rule == "power";
  if (schedule.rule != "theory" && !(by_rate && shape != "constant" && shape != "step")) return std::nullopt;
  const auto next = next_period(configuration, now, done);
  if (!next) return std::nullopt;
  const auto planned = next_period(configuration, before, done);
  return fmt::format("{} follows {}: the next round has {}{}", rule,
                     by_rate ? "the rate" : "the length of the run",
                     *next == 1 ? "1 step" : format_count(*next) + " steps",
                     planned ? fmt::format(", and would have had {}", format_count(*planned)) : "");
}

}  // namespace

std::vector<std::string> change_of_length(const Configuration& configuration, int64_t before, int64_t now,
                                          int64_t done) {
  std::vector<std::string> lines = {fmt::format("the run had {} steps and gets {}; {} are done",
                                                format_count(before), format_count(now), format_count(done))};
  if (const auto line = change_of_rate(configuration, before, now, done)) lines.push_back(*line);
  if (const auto line = change_of_rule(configuration, before, now, done)) lines.push_back(*line);
  return lines;
}

}  // namespace muster
