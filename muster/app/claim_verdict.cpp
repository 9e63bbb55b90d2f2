#include "muster/app/claim_verdict.h"

#include <fmt/format.h>

#include <cmath>

#include "muster/base/error.h"

namespace muster {

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

Verdict verdict_of(Decision decision) {
  switch (decision) {
    case Decision::holds:
      return Verdict::holds;
    case Decision::refuted:
      return Verdict::refuted;
    case Decision::undecided:
      return Verdict::undecided;
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
  result.verdict = Verdict::agrees;
  for (const ClaimNumber& number : test.numbers) {
    const double found = evaluate("mean(" + number.figure + ")", figures);
    result.numbers.push_back(found);
    if (!(std::abs(found - number.number) <= number.tolerance)) result.verdict = Verdict::differs;
  }
  return result;
}

}  // namespace

std::string_view verdict_word(Verdict verdict) {
  switch (verdict) {
    case Verdict::holds:
      return "holds";
    case Verdict::refuted:
      return "refuted";
    case Verdict::undecided:
      return "undecided";
    case Verdict::agrees:
      return "agrees";
    case Verdict::differs:
      return "differs";
    case Verdict::not_testable:
      return "not_testable";
    case Verdict::failed:
      return "failed";
  }
  throw Bug("a verdict without a word");
}

std::string_view verdict_text(Verdict verdict) {
  return verdict == Verdict::not_testable ? "not testable here" : verdict_word(verdict);
}

Judgement judge(const ClaimTest& test, const std::vector<FigureValue>& figures,
                const std::vector<int64_t>& seeds) {
  return test.kind == ClaimKind::measured ? judge_parts(test, figures, seeds) : judge_numbers(test, figures);
}

}  // namespace muster
