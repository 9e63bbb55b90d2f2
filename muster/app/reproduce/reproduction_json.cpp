#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "muster/app/reproduce/reproduction_result.h"

namespace muster::inline app {

namespace {

using Json = nlohmann::ordered_json;

Json number_json(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json figure_json(const FigureValue& value, const ClaimFigure& figure) {
  Json json = {{"name", value.name}};
  if (value.list)
    json["values"] = value.values;
  else
    json["value"] = number_json(value.values.front());
  json[!figure.from.empty() ? "from"
       : !figure.is.empty() ? "is"
                            : "each"] = figure.from + figure.is + figure.each;
  return json;
}

Json part_json(const ClaimPart& part, const Decided* decided, int64_t seeds) {
  Json json = {{"says", part.says},
               {"arm", part.arm},
               {"beside", part.beside.empty() ? Json(part.than) : Json(part.beside)},
               {"direction", std::string(direction_word(part.rule.direction))},
               {"times", part.rule.times},
               {"margin", part.rule.margin},
               {"margin_is_share", part.rule.margin_is_share},
               {"source", part.source},
               {"seeds", seeds}};
  if (decided == nullptr) return json;
  json["verdict"] = std::string(decision_word(decided->decision));
  json["difference"] = number_json(decided->mean);
  json["standard_error"] = number_json(decided->error);
  json["interval"] = {number_json(decided->low), number_json(decided->high)};
  json["p"] = number_json(decided->chance);
  return json;
}

Json claim_json(const JudgedClaim& judged, bool stands) {
  const Claim& claim = *judged.planned.claim;
  const ClaimTest& test = *judged.planned.test;
  Json json = {{"id", claim.id},
               {"paper", judged.planned.file->name},
               {"kind", std::string(kind_word(judged.planned.kind()))},
               {"claim", claim.claim},
               {"where", claim.where},
               {"here", test.here},
               {"verdict", std::string(claim_verdict_word(judged.judgement.verdict))},
               {"rule", rule_text(test)},
               {"p", judged.judgement.chance},
               {"stands_with_holm", stands},
               {"figure", judged.shows},
               {"paper_figure", claim.paper},
               {"reason", judged.reason}};
  json["parts"] = Json::array();
  for (size_t i = 0; i < test.parts.size(); ++i)
    json["parts"].push_back(
        part_json(test.parts[i], i < judged.judgement.parts.size() ? &judged.judgement.parts[i] : nullptr,
                  judged.planned.seeds.at(i)));
  json["numbers"] = Json::array();
  for (size_t i = 0; i < test.numbers.size(); ++i) {
    const ClaimNumber& number = test.numbers[i];
    const bool found = i < judged.judgement.numbers.size();
    json["numbers"].push_back({{"figure", number.figure},
                               {"number", number.number},
                               {"tolerance", number.tolerance},
                               {"found", found ? number_json(judged.judgement.numbers[i]) : Json(nullptr)}});
  }
  json["figures"] = Json::array();
  for (size_t i = 0; i < judged.figures.size(); ++i)
    json["figures"].push_back(figure_json(judged.figures[i], test.figures[i]));
  json["runs"] = runs_of(test);
  json["commands"] = judged.planned.by_hand;
  return json;
}

Json commands_json(const ReproductionResult& result) {
  Json list = Json::array();
  for (const PlannedCommand& command : result.plan.commands) {
    const auto found = result.finished.find(command.name);
    const bool done = found != result.finished.end();
    list.push_back({{"name", command.name},
                    {"run", command.run},
                    {"command", command_text(command)},
                    {"seconds", done ? Json(found->second.seconds) : Json(nullptr)},
                    {"failure", done ? Json(found->second.failure) : Json("not run to its end")}});
  }
  return list;
}

Json counts_json(const ReproductionCount& count) {
  Json json = Json::object();
  for (const ClaimKind kind :
       {ClaimKind::measured, ClaimKind::exact, ClaimKind::arithmetic, ClaimKind::not_testable}) {
    Json one = {{"rows", count.of(kind)}};
    for (const ClaimVerdict verdict : all_verdicts)
      if (const int rows = count.of(kind, verdict)) one[std::string(claim_verdict_word(verdict))] = rows;
    if (kind == ClaimKind::measured)
      one["with_holm"] = {{"holds", count.holm_holds}, {"refuted", count.holm_refuted}};
    json[std::string(kind_word(kind))] = one;
  }
  return json;
}

}  // namespace

std::string reproduction_json(const ReproductionResult& result, int indent) {
  const ReproductionCount count = count_of(result);
  Json json = {{"paper", result.request.paper},
               {"scale", result.request.paper_scale ? "paper" : "small"},
               {"command", result.request.command},
               {"answer", measured_sentence(count) + "."},
               {"counts", counts_json(count)}};
  json["claims"] = Json::array();
  for (size_t i = 0; i < result.claims.size(); ++i)
    json["claims"].push_back(claim_json(result.claims[i], count.stands[i]));
  json["runs"] = commands_json(result);
  return json.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace muster::inline app
