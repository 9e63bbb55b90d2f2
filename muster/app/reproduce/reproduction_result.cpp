#include "muster/app/reproduce/reproduction_result.h"

#include <fmt/format.h>

#include "muster/base/error.h"
#include "muster/base/format.h"

namespace muster::inline app {

namespace {

StudyChart drawn(const ClaimChart& chart, const RunResults& results) {
  StudyChart result{chart.title, "", chart.x_label, chart.y_label, chart.log_x, chart.log_y, {}};
  for (const ClaimChart::Curve& curve : chart.curves)
    result.curves.push_back({.label = curve.label,
                             .x = read_figure("x", curve.x, results).values,
                             .y = read_figure("y", curve.y, results).values,
                             .error = {},
                             .points = curve.points});
  for (const StudyCurve& curve : result.curves)
    if (curve.x.size() != curve.y.size())
      throw DataError(fmt::format("the chart '{}' has a curve '{}' with {} x and {} y", result.title,
                                  curve.label, curve.x.size(), curve.y.size()));
  return result;
}

}  // namespace

JudgedClaim judge_claim(const PlannedClaim& claim, const ClaimResults& results) {
  JudgedClaim judged{claim, {}, {}, "", "", {}};
  if (claim.kind() == ClaimKind::not_testable) {
    judged.judgement.verdict = ClaimVerdict::not_testable;
    judged.reason = "needs " + claim.missing;
    return judged;
  }
  judged.reason = results.failure;
  if (!results.failure.empty()) return judged;
  try {
    judged.figures = find_figures(*claim.test, results.results);
    judged.shows = shown_figures(*claim.test, judged.figures);
    judged.judgement = judge(*claim.test, judged.figures, claim.seeds);
    const auto meaning = claim.test->means.find(std::string(claim_verdict_word(judged.judgement.verdict)));
    if (meaning != claim.test->means.end()) judged.reason = meaning->second;
    for (const ClaimChart& chart : claim.test->charts) judged.charts.push_back(drawn(chart, results.results));
  } catch (const Error& error) {
    judged.judgement = {};
    judged.reason = error.what();
  }
  return judged;
}

ReproductionCount count_of(const ReproductionResult& result) {
  std::vector<CountedRow> rows;
  for (const JudgedClaim& judged : result.claims)
    rows.push_back({judged.planned.kind(), judged.judgement.verdict, judged.judgement.chance});
  return count_rows(rows);
}

std::vector<std::string> part_texts(const JudgedClaim& judged) {
  std::vector<std::string> texts;
  const ClaimTest& test = *judged.planned.test;
  for (size_t i = 0; i < judged.judgement.parts.size(); ++i) {
    const Decided& part = judged.judgement.parts[i];
    const std::string margin =
        part.margin > 0 ? fmt::format("; margin {}", format_number(part.margin, 3)) : std::string();
    texts.push_back(fmt::format("{}: {}, {} (99 %: {} to {}{}; {} seeds)", test.parts[i].says,
                                decision_word(part.decision), format_number(part.mean, 3),
                                format_number(part.low, 3), format_number(part.high, 3), margin, part.pairs));
  }
  for (size_t i = 0; i < judged.judgement.numbers.size(); ++i)
    texts.push_back(fmt::format("{} {}, {:g} ± {:g} in the paper", test.numbers[i].figure,
                                format_number(judged.judgement.numbers[i], 5), test.numbers[i].number,
                                test.numbers[i].tolerance));
  return texts;
}

}  // namespace muster::inline app
