#include "muster/app/compare/comparison_result.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "muster/app/options/terminal_text.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/report/answer.h"
#include "muster/report/no_worse.h"
#include "muster/report/report_page.h"
#include "muster/report/result_table.h"

namespace muster::inline app {

namespace {

using Json = nlohmann::ordered_json;

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json measured(const std::optional<MeanSpread>& value) {
  if (!value) return nullptr;
  Json json;
  json["mean"] = number(value->mean);
  json["spread"] = value->spread ? number(*value->spread) : Json(nullptr);
  return json;
}

Json seconds_json(const SummarySeconds& seconds) {
  return {{"compute", number(seconds.compute)},
          {"waiting", number(seconds.waiting)},
          {"averaging", number(seconds.averaging)},
          {"data", number(seconds.data)},
          {"evaluation", number(seconds.evaluation)},
          {"checkpoint", number(seconds.checkpoint)},
          {"total", number(seconds.total)}};
}

Json arm_json(const ArmResult& arm, const ArmResult& first) {
  Json json;
  json["name"] = arm.name;
  json["seeds"] = arm.seeds;
  json["finished"] = arm.finished ? arm.seeds.size() : 0;
  json["unfinished"] = arm.unfinished;
  json["test_accuracy"] = measured(arm.accuracy);
  json["test_loss"] = measured(arm.loss);
  json["train_loss"] = measured(arm.train_loss);
  json["steps"] = number(arm.steps);
  json["rounds"] = measured(arm.rounds);
  json["communication"] = measured(arm.communication);
  json["bytes_per_worker"] = measured(arm.bytes_per_worker);
  json["seconds"] = seconds_json(arm.seconds);
  json["predicted"] = nullptr;
  if (!arm.predicted) return json;
  json["predicted"] = {{"compute", number(arm.predicted->compute)},
                       {"communication", number(arm.predicted->communication)},
                       {"total", number(arm.predicted->total())},
                       {"speedup", nullptr}};
  if (first.predicted)
    json["predicted"]["speedup"] = number(first.predicted->total() / arm.predicted->total());
  return json;
}

Json network_json(const std::optional<Network>& network) {
  if (!network) return nullptr;
  return {{"bits_per_second", network->bits_per_second}, {"latency_seconds", network->latency_seconds}};
}

Json verdicts_json(const std::vector<ArmResult>& arms, Quality quality, const std::optional<double>& margin) {
  if (!margin) return nullptr;
  Json json;
  json["margin"] = *margin;
  json["verdicts"] = Json::object();
  for (const NoWorse& arm : no_worse(arms, quality, *margin)) {
    Json& verdict = json["verdicts"][arm.arm];
    verdict["verdict"] = std::string(decision_word(arm.verdict));
    if (arm.lead)
      verdict.update(Json{{"lead", arm.lead->mean},
                          {"low", arm.lead->low},
                          {"high", arm.lead->high},
                          {"seeds", arm.lead->seeds}});
  }
  return json;
}

std::string title_of(const std::vector<Arm>& arms) {
  std::vector<std::string> names;
  for (const Arm& arm : arms) names.push_back(arm.name);
  return fmt::format("Comparison of {}", fmt::join(names, ", "));
}

}  // namespace

std::string comparison_json(const ComparisonResult& result) {
  const auto arms = arm_results(result.arms, result.network);
  const Quality quality = quality_of(result.arms);
  const auto best = best_arm(arms, quality), cheapest = cheapest_near_best(arms, quality);
  Json json;
  json["folder"] = result.folder;
  json["command"] = result.command;
  json["quality"] = quality == Quality::loss ? "test_loss" : "test_accuracy";
  json["answer"] = answer(arms, quality, result.network, result.margin).text();
  json["best"] = best ? Json(arms[*best].name) : Json(nullptr);
  json["cheapest_within_spread"] = cheapest ? Json(arms[*cheapest].name) : Json(nullptr);
  json["no_worse"] = verdicts_json(arms, quality, result.margin);
  json["network"] = network_json(result.network);
  json["arms"] = Json::array();
  for (const ArmResult& arm : arms) json["arms"].push_back(arm_json(arm, arms.front()));
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string comparison_text(const ComparisonResult& result) {
  const auto arms = arm_results(result.arms, result.network);
  const Quality quality = quality_of(result.arms);
  std::string text = fitted(quality_table(arms, quality, result.network)) + "\n" + fitted(time_table(arms));
  if (result.margin && arms.size() > 1) text += "\n" + fitted(no_worse_table(arms, quality, *result.margin));
  size_t seeds = 1;
  for (const ArmResult& arm : arms) seeds = std::max(seeds, arm.seeds.size());
  if (seeds > 1) text += fmt::format("\n± is the sample standard deviation over {} seeds.", seeds);
  if (result.network)
    text += fmt::format(
        "{}The predicted time gives each worker a machine like one thread here, and a network of {}.",
        seeds > 1 ? " " : "\n", describe(*result.network));
  if (seeds > 1 || result.network) text += "\n";
  return text + "\n" + answer(arms, quality, result.network, result.margin).text() + "\n";
}

std::optional<ComparisonNote> read_comparison_note(const std::string& folder) {
  const std::string path = folder + "/comparison.json";
  if (!is_there(path)) return std::nullopt;
  ComparisonNote note;
  try {
    const Json json = Json::parse(read_file(path));
    note.command = json.at("command").get<std::string>();
    for (const Json& arm : json.at("arms")) note.arms.push_back(arm.at("name").get<std::string>());
    if (const Json verdicts = json.value("no_worse", Json()); verdicts.is_object())
      note.margin = verdicts.at("margin").get<double>();
    const Json& network = json.at("network");
    if (!network.is_null())
      note.network =
          Network{network.at("bits_per_second").get<double>(), network.at("latency_seconds").get<double>()};
  } catch (const nlohmann::json::exception& problem) {
    throw DataError(
        fmt::format("'{}' is not a comparison: {}; muster compare writes it again", path, problem.what()));
  }
  return note;
}

std::string comparison_page(const ComparisonResult& result, const std::string& written) {
  return report_page(
      {title_of(result.arms), result.arms, result.network, result.margin, {result.command}, written});
}

}  // namespace muster::inline app
