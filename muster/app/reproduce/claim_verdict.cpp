#include "muster/app/reproduce/claim_verdict.h"

#include <fmt/format.h>

#include <cmath>

#include "muster/base/error.h"

namespace muster::inline app {

namespace {

const FigureValue& find(const std::string& name, const std::vector<FigureValue>& figures) {
  for (const FigureValue& figure : figures)
    if (figure.name == name) return figure;
  throw DataError(fmt::format("there is no figure '{}'", name));
}

/// The other side of a part: seed by seed, or one number for all seeds.
std::vector<double> other_side(const ClaimPart& part, const std::vector<FigureValue>& figures, size_t seeds) {
  if (part.beside.empty()) return std::vector<double>(seeds, part.than);
  const FigureValue& other = find(part.beside, figures);
  return other.list ? other.values : std::vector<double>(seeds, other.values.front());
}

ClaimVerdict verdict_of(Decision decision) {
  switch (decision) {
    case Decision::holds:
      return ClaimVerdict::holds;
    case Decision::refuted:
      return ClaimVerdict::refuted;
    case Decision::undecided:
      return ClaimVerdict::undecided;
  }
  throw Bug("a decision without a verdict");
}

Judgement judge_parts(const ClaimTest& test, const std::vector<FigureValue>& figures,
                      const std::vector<int64_t>& seeds) {
  Judgement result;
  for (size_t i = 0; i < test.parts.size(); ++i) {
    const ClaimPart& part = test.parts[i];
    const FigureValue& arm = find(part.arm, figures);
    if (!arm.list) throw DataError(fmt::format("'{}' is one number, not one for each seed", part.arm));
    if (static_cast<int64_t>(arm.values.size()) != seeds.at(i))
      throw DataError(fmt::format("'{}' has {} values, but {} seeds were fixed beforehand", part.arm,
                                  arm.values.size(), seeds[i]));
    result.parts.push_back(decide(part.rule, arm.values, other_side(part, figures, arm.values.size())));
  }
  const DecidedClaim all = decide_all(result.parts);
  result.verdict = verdict_of(all.decision);
  result.chance = all.chance;
  return result;
}

Judgement judge_numbers(const ClaimTest& test, const std::vector<FigureValue>& figures) {
  Judgement result;
  result.verdict = ClaimVerdict::agrees;
  for (const ClaimNumber& number : test.numbers) {
    const double found = evaluate("mean(" + number.figure + ")", figures);
    result.numbers.push_back(found);
    if (!(std::abs(found - number.number) <= number.tolerance)) result.verdict = ClaimVerdict::differs;
  }
  return result;
}

}  // namespace

std::string_view claim_verdict_word(ClaimVerdict verdict) {
  switch (verdict) {
    case ClaimVerdict::holds:
      return "holds";
    case ClaimVerdict::refuted:
      return "refuted";
    case ClaimVerdict::undecided:
      return "undecided";
    case ClaimVerdict::agrees:
      return "agrees";
    case ClaimVerdict::differs:
      return "differs";
    case ClaimVerdict::not_testable:
      return "not_testable";
    case ClaimVerdict::failed:
      return "failed";
  }
  throw Bug("a verdict without a word");
}

std::string_view claim_verdict_text(ClaimVerdict verdict) {
  return verdict == ClaimVerdict::not_testable ? "not testable here" : claim_verdict_word(verdict);
}

Judgement judge(const ClaimTest& test, const std::vector<FigureValue>& figures,
                const std::vector<int64_t>& seeds) {
  return test.kind == ClaimKind::measured ? judge_parts(test, figures, seeds) : judge_numbers(test, figures);
}

}  // namespace muster::inline app
