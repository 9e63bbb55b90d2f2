#include "muster/app/chaos/chaos_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "muster/app/options/terminal_text.h"
#include "muster/base/format.h"
#include "muster/report/table.h"

namespace muster::inline app {

namespace {

using Json = nlohmann::ordered_json;

struct Spread {
  double mean = 0;
  double deviation = 0;  ///< sample standard deviation (divided by n - 1)
};

Spread spread_of(const std::vector<double>& values) {
  Spread spread;
  const auto count = static_cast<double>(values.size());
  spread.mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  for (const double value : values) spread.deviation += (value - spread.mean) * (value - spread.mean);
  if (values.size() > 1) spread.deviation = std::sqrt(spread.deviation / (count - 1));
  return spread;
}

std::string what(const DisturbanceResult& result) {
  const Disturbance& planned = result.planned;
  std::string text(name_of(planned.kind));
  if (planned.ranks.size() > 1)
    text += planned.gap > 0 ? fmt::format(" two, {:.2f} s apart", planned.gap) : " two";
  if (planned.in_meeting) text += " in a meeting";
  if (planned.seconds > 0) text += fmt::format(" for {:.1f} s", planned.seconds);
  return text;
}

std::string seconds_text(const std::optional<double>& seconds) {
  return seconds ? fmt::format("{:.2f}", *seconds) : "";
}

ChaosCheck check_disturbances(const ChaosEvidence& evidence) {
  const auto held = static_cast<size_t>(
      std::count_if(evidence.disturbances.begin(), evidence.disturbances.end(),
                    [](const DisturbanceResult& result) { return result.fault.empty(); }));
  double longest = 0;
  for (const DisturbanceResult& result : evidence.disturbances)
    longest = std::max(longest, result.recovery.value_or(0));
  std::string detail =
      fmt::format("{} of {}, the longest recovery took {:.2f} s", held, evidence.planned, longest);
  if (evidence.disturbances.size() < evidence.planned)
    detail += fmt::format("; the run ended after {} of them: give it more steps, or less --every",
                          evidence.disturbances.size());
  return {"survived", held == evidence.planned, detail};
}

ChaosCheck check_steps(const ChaosEvidence& evidence) {
  if (!evidence.finished) return {"steps complete", false, "there is no summary.json"};
  const bool held = !evidence.expected_steps || *evidence.expected_steps == evidence.steps;
  const std::string of =
      evidence.expected_steps ? fmt::format(" of {}", format_count(*evidence.expected_steps)) : "";
  return {
      "steps complete", held,
      fmt::format("{}{} steps, {} rounds", format_count(evidence.steps), of, format_count(evidence.rounds))};
}

ChaosCheck check_loss(const ChaosEvidence& evidence) {
  if (!evidence.loss || !std::isfinite(*evidence.loss)) return {"loss", false, "there is none"};
  if (evidence.baseline.empty())
    return {"loss", true, fmt::format("{:.4f} (--baseline N compares it)", *evidence.loss)};
  const Spread spread = spread_of(evidence.baseline);
  return {"loss", within_spread(*evidence.loss, evidence.baseline),
          fmt::format("{:.4f}; undisturbed {:.4f} +- {:.4f} ({} runs)", *evidence.loss, spread.mean,
                      spread.deviation, evidence.baseline.size())};
}

Json number(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? Json(*value) : Json(nullptr);
}

Json to_json(const DisturbanceResult& result) {
  return {{"kind", name_of(result.planned.kind)},
          {"at_seconds", result.at},
          {"ranks", result.ranks},
          {"gap_seconds", result.planned.gap},
          {"in_meeting", result.planned.in_meeting},
          {"lasts_seconds", result.planned.seconds},
          {"recovery_seconds", number(result.recovery)},
          {"limit_seconds", result.limit},
          {"back_seconds", number(result.back)},
          {"held", result.fault.empty()},
          {"fault", result.fault}};
}

}  // namespace

bool within_spread(double loss, const std::vector<double>& undisturbed) {
  constexpr double deviations = 3, share = 0.02;
  const Spread spread = spread_of(undisturbed);
  return loss - spread.mean <= std::max(deviations * spread.deviation, share * std::abs(spread.mean));
}

std::vector<ChaosCheck> judge_chaos(const ChaosEvidence& evidence) {
  return {check_disturbances(evidence),
          {"exit code", evidence.exit_code == 0, std::to_string(evidence.exit_code)},
          check_steps(evidence),
          {"replicas equal", evidence.differences.empty() && evidence.exit_code == 0,
           evidence.differences.empty() ? "compared after every meeting (run.verify)"
                                        : evidence.differences.front()},
          check_loss(evidence)};
}

std::string chaos_text(const ChaosEvidence& evidence, const std::vector<ChaosCheck>& checks) {
  Table table({{"", Align::right},
               {"disturbance"},
               {"at", Align::right},
               {"rank"},
               {"recovery", Align::right},
               {"limit", Align::right},
               {"all back", Align::right},
               {"verdict"}});
  for (size_t i = 0; i < evidence.disturbances.size(); ++i) {
    const DisturbanceResult& result = evidence.disturbances[i];
    table.add_row({std::to_string(i + 1), what(result), fmt::format("{:.1f}", result.at),
                   fmt::format("{}", fmt::join(result.ranks, ", ")), seconds_text(result.recovery),
                   fmt::format("{:.1f}", result.limit), seconds_text(result.back),
                   result.fault.empty() ? "held" : result.fault});
  }
  std::string text = fitted(table) + "(seconds)\n\n";
  for (const ChaosCheck& check : checks)
    text += fmt::format("{:5} {:15} {}\n", check.held ? "ok" : "NOT", check.name, check.detail);
  return text +
         fmt::format("\nThe run took {} and is in {}\n", format_duration(evidence.seconds), evidence.folder);
}

std::string chaos_json(const ChaosEvidence& evidence, const std::vector<ChaosCheck>& checks) {
  Json json;
  json["folder"] = evidence.folder;
  json["seed"] = evidence.seed;
  json["held"] =
      std::all_of(checks.begin(), checks.end(), [](const ChaosCheck& check) { return check.held; });
  json["seconds"] = evidence.seconds;
  json["exit_code"] = evidence.exit_code;
  json["steps"] = evidence.steps;
  json["rounds"] = evidence.rounds;
  json["final_test_loss"] = number(evidence.loss);
  json["baseline_losses"] = evidence.baseline;
  json["disturbances"] = Json::array();
  for (const DisturbanceResult& result : evidence.disturbances)
    json["disturbances"].push_back(to_json(result));
  json["checks"] = Json::array();
  for (const ChaosCheck& check : checks)
    json["checks"].push_back({{"name", check.name}, {"held", check.held}, {"detail", check.detail}});
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace muster::inline app
