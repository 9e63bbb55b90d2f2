#include "muster/app/reproduction_result.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "muster/app/text_lines.h"
#include "muster/base/error.h"
#include "muster/report/table.h"

namespace muster {

namespace {

using Json = nlohmann::ordered_json;

Json figure_json(const FigureValue& value, const ClaimFigure& figure) {
  Json json = {{"name", value.name}};
  if (value.list)
    json["values"] = value.values;
  else
    json["value"] = std::isfinite(value.values.front()) ? Json(value.values.front()) : Json(nullptr);
  json[!figure.from.empty() ? "from"
       : !figure.is.empty() ? "is"
                            : "each"] = figure.from + figure.is + figure.each;
  return json;
}

Json claim_json(const JudgedClaim& judged) {
  const Claim& claim = *judged.planned.claim;
  const ClaimTest& test = *judged.planned.test;
  Json json = {{"id", claim.id},         {"paper", judged.planned.file->name},
               {"claim", claim.claim},   {"where", claim.where},
               {"here", test.here},      {"verdict", std::string(verdict_word(judged.verdict))},
               {"holds_if", test.holds}, {"in_part_if", test.in_part},
               {"figure", judged.shows}, {"paper_figure", claim.paper},
               {"reason", judged.reason}};
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

}  // namespace

JudgedClaim judge_claim(const PlannedClaim& claim, const ClaimResults& results) {
  JudgedClaim judged{claim, Verdict::failed, {}, "", "", {}};
  if (!claim.missing.empty()) {
    judged.verdict = Verdict::not_testable;
    judged.reason = "needs " + claim.missing;
    return judged;
  }
  judged.reason = results.failure;
  if (!results.failure.empty()) return judged;
  try {
    judged.figures = find_figures(*claim.test, results.results);
    judged.shows = shown_figures(*claim.test, judged.figures);
    judged.verdict = judge(*claim.test, judged.figures);
    const auto meaning = claim.test->means.find(std::string(verdict_word(judged.verdict)));
    if (meaning != claim.test->means.end()) judged.reason = meaning->second;
    for (const ClaimChart& chart : claim.test->charts) {
      StudyChart drawn{chart.title, "", chart.x_label, chart.y_label, chart.log_x, chart.log_y, {}};
      for (const ClaimChart::Curve& curve : chart.curves)
        drawn.curves.push_back({.label = curve.label,
                                .x = read_figure("x", curve.x, results.results).values,
                                .y = read_figure("y", curve.y, results.results).values,
                                .error = {},
                                .points = curve.points});
      for (const StudyCurve& curve : drawn.curves)
        if (curve.x.size() != curve.y.size())
          throw DataError(fmt::format("the chart '{}' has a curve '{}' with {} x and {} y", drawn.title,
                                      curve.label, curve.x.size(), curve.y.size()));
      judged.charts.push_back(std::move(drawn));
    }
  } catch (const Error& error) {
    judged.verdict = Verdict::failed;
    judged.reason = error.what();
  }
  return judged;
}

std::string rule_text(const ClaimTest& test) {
  if (test.holds.empty()) return {};
  std::string text = "Holds if " + test.holds;
  if (!test.in_part.empty()) text += "; in part if " + test.in_part;
  return text + "; else it does not show.";
}

std::string reproduction_sentence(const ReproductionResult& result) {
  std::map<Verdict, int> counts;
  for (const JudgedClaim& claim : result.claims) ++counts[claim.verdict];
  std::string text = fmt::format("{} of {} claims hold", counts[Verdict::holds], result.claims.size());
  const auto add = [&](Verdict verdict, std::string_view words) {
    if (counts[verdict] > 0) text += fmt::format(", {} {}", counts[verdict], words);
  };
  add(Verdict::in_part, "in part");
  add(Verdict::not_shown,
      counts[Verdict::not_shown] == 1 ? "does not show at this scale" : "do not show at this scale");
  add(Verdict::not_testable, "cannot be tested here");
  add(Verdict::failed, "failed");
  return text;
}

std::string reproduction_json(const ReproductionResult& result, int indent) {
  Json json = {{"paper", result.request.paper},
               {"scale", result.request.paper_scale ? "paper" : "small"},
               {"command", result.request.command}};
  json["counts"] = Json::object();
  for (const Verdict verdict :
       {Verdict::holds, Verdict::in_part, Verdict::not_shown, Verdict::not_testable, Verdict::failed}) {
    int64_t count = 0;
    for (const JudgedClaim& claim : result.claims) count += claim.verdict == verdict ? 1 : 0;
    json["counts"][std::string(verdict_word(verdict))] = count;
  }
  json["claims"] = Json::array();
  for (const JudgedClaim& claim : result.claims) json["claims"].push_back(claim_json(claim));
  json["runs"] = commands_json(result);
  return json.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string reproduction_text(const ReproductionResult& result) {
  std::string text;
  const ClaimFile* file = nullptr;
  for (const JudgedClaim& judged : result.claims) {
    const Claim& claim = *judged.planned.claim;
    if (judged.planned.file != file) text += fmt::format("\n{}\n", judged.planned.file->title);
    file = judged.planned.file;
    text += fmt::format("\n  {} ({})\n", verdict_text(judged.verdict), claim.id);
    text += wrapped(claim.claim, "    ");
    if (!judged.shows.empty()) text += wrapped("here: " + judged.shows, "      ");
    if (!claim.paper.empty()) text += wrapped("paper: " + claim.paper, "      ");
    if (!judged.reason.empty()) text += wrapped(judged.reason, "      ");
    for (const std::string& command : judged.planned.by_hand) text += "      $ " + command + "\n";
  }
  Table table({{"claim", Align::left}, {"verdict", Align::left}});
  for (const JudgedClaim& judged : result.claims)
    table.add_row({judged.planned.claim->id, std::string(verdict_text(judged.verdict))});
  return text + "\n" + table.text() + "\n" + reproduction_sentence(result) + ".\n";
}

}  // namespace muster
