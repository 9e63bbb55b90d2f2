#include "muster/app/preview/schedule_preview.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>

#include "muster/app/keys/make_schedule.h"
#include "muster/app/options/terminal_text.h"
#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/choice/value.h"
#include "muster/report/metrics_file.h"
#include "muster/report/table.h"
#include "muster/report/terminal_plot.h"

namespace muster::inline app {

namespace {

Replay read_replay(const std::string& path) {
  std::vector<Replay::Record> records;
  std::error_code problem;  // no folder then; the reader says what is wrong with the file
  const bool folder = std::filesystem::is_directory(path, problem);
  try {
    for (const MetricsLine& line : read_metrics(folder ? path + "/metrics.jsonl" : path))
      if (!line.evaluation)
        records.push_back({line.step - 1, line.divergence,
                           std::isfinite(line.loss) ? std::optional(line.loss) : std::nullopt});
  } catch (const Error& error) {
    throw OptionError("--replay", shown(path),
                      fmt::format("{}; give the metrics.jsonl of a run", error.what()));
  }
  return Replay(records);
}

// Reported here, where the flag that gives the metrics is known.
void require_replay(const SyncSchedule& schedule, const std::string& rule,
                    const std::optional<std::string>& path, const std::optional<Replay>& replay) {
  const auto refuse = [&](std::string_view what) {
    throw OptionError(
        "--replay", path ? shown(*path) : "(not given)",
        fmt::format("rule {} follows the {} of a run; give the metrics.jsonl of a run that measured it", rule,
                    what));
  };
  if (schedule.wants_divergence() && !(replay && replay->divergence(0))) refuse("divergence");
  if (schedule.wants_loss() && !(replay && replay->round_loss(0))) refuse("loss");
}

// The period over the steps, one point a round, thinned to what a plot can show: of neighbours the longest.
std::vector<PlotPoint> stairs(const Preview& preview) {
  constexpr int64_t most_points = 400;
  std::vector<PlotPoint> points;
  int64_t last_bin = -1;
  for (const PlannedRound& round : preview.all_rounds) {
    const auto bin = static_cast<int64_t>(static_cast<double>(round.start) /
                                          static_cast<double>(preview.steps) * most_points);
    const auto period = static_cast<double>(round.period);
    if (bin == last_bin) {
      points.back().y = std::max(points.back().y, period);
    } else {
      points.push_back({static_cast<double>(round.start), period});
    }
    last_bin = bin;
  }
  points.push_back(
      {static_cast<double>(preview.steps), static_cast<double>(preview.all_rounds.back().period)});
  return points;
}

bool terminal_is_ascii() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (!value || !*value) continue;
    const std::string_view locale = value;
    return locale.find("UTF-8") == std::string_view::npos && locale.find("utf8") == std::string_view::npos;
  }
  return false;
}

std::string numbers_table(const SchedulePreview& preview) {
  const Preview& rounds = preview.rounds;
  const auto [least, most] =
      std::minmax_element(rounds.all_rounds.begin(), rounds.all_rounds.end(),
                          [](const auto& a, const auto& b) { return a.period < b.period; });
  Table table({{"rule", Align::left},
               {"steps", Align::right},
               {"rounds", Align::right},
               {"communication", Align::right},
               {"shortest round", Align::right},
               {"longest round", Align::right},
               {"mean", Align::right}});
  table.add_row({preview.rule, format_count(rounds.steps), format_count(rounds.rounds),
                 fmt::format("{:.3f} %", 100 * rounds.communication), format_count(least->period),
                 format_count(most->period),
                 format_number(static_cast<double>(rounds.steps) / static_cast<double>(rounds.rounds), 4)});
  return fitted(table);
}

std::string last_rounds_table(const SchedulePreview& preview) {
  Table table(
      {{"last rounds: from step", Align::right}, {"period", Align::right}, {"learning rate", Align::right}});
  const auto& all = preview.rounds.all_rounds;
  for (auto at = all.end() - std::min<std::ptrdiff_t>(3, std::ssize(all)); at != all.end(); ++at)
    table.add_row({format_count(at->start), format_count(at->period),
                   format_number(preview.learning_rate.at(at->start), 4)});
  return fitted(table);
}

}  // namespace

SchedulePreview preview_schedule(const Catalogue& catalogue, const Configuration& configuration,
                                 int64_t total_steps, const std::optional<std::string>& replay) {
  const ChosenRule rule = chosen_rule(catalogue, configuration);
  const auto schedule = rule.make();
  std::optional<Replay> records;
  if (replay) records = read_replay(*replay);
  require_replay(*schedule, rule.kind.name, replay, records);
  LearningRate learning_rate = make_learning_rate(catalogue, configuration, total_steps);
  Preview rounds =
      preview(*schedule, learning_rate, total_steps, rule.period_of_preview(), records ? &*records : nullptr);
  return {rule.kind.name, std::move(learning_rate), std::move(rounds)};
}

std::string schedule_text(const SchedulePreview& preview) {
  const Preview& rounds = preview.rounds;
  double longest = 1;
  for (const PlannedRound& round : rounds.all_rounds)
    longest = std::max(longest, static_cast<double>(round.period));
  const PlotOptions plot{.log_y = longest > 20 * static_cast<double>(rounds.base_period),
                         .stairs = true,
                         .ascii = terminal_is_ascii(),
                         .x_label = "step",
                         .y_label = "period (steps between two meetings)"};
  return fmt::format("{}\n{}\n{}\n{}\n", numbers_table(preview), terminal_plot(stairs(rounds), plot),
                     last_rounds_table(preview), sentence(rounds));
}

std::string schedule_json(const SchedulePreview& preview) {
  const Preview& rounds = preview.rounds;
  nlohmann::ordered_json object;
  object["rule"] = preview.rule;
  object["steps"] = rounds.steps;
  object["rounds"] = rounds.rounds;
  object["communication"] = rounds.communication;
  object["base_period"] = rounds.base_period;
  object["first_step_above_base"] = nullptr;
  if (rounds.first_step_above_base) object["first_step_above_base"] = *rounds.first_step_above_base;
  object["last_rounds"] = nlohmann::ordered_json::array();
  const auto& all = rounds.all_rounds;
  for (auto at = all.end() - std::min<std::ptrdiff_t>(3, std::ssize(all)); at != all.end(); ++at)
    object["last_rounds"].push_back({{"start", at->start}, {"period", at->period}});
  object["sentence"] = sentence(rounds);
  return object.dump() + "\n";
}

std::string schedule_csv(const SchedulePreview& preview) {
  std::string text = "start,period,learning_rate\n";
  for (const PlannedRound& round : preview.rounds.all_rounds)
    fmt::format_to(std::back_inserter(text), "{},{},{}\n", round.start, round.period,
                   preview.learning_rate.at(round.start));
  return text;
}

}  // namespace muster::inline app
