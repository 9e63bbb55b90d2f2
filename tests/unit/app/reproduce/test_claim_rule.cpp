// The one rule of measured claims, and Holm's correction, against numbers known from elsewhere.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "muster/app/reproduce/claim_rule.h"
#include "muster/app/reproduce/reproduction_count.h"
#include "muster/base/error.h"

namespace muster {
namespace {

using Values = std::vector<double>;

Values plus(const Values& values, double shift) {
  Values result = values;
  for (double& value : result) value += shift;
  return result;
}

Values times(const Values& values, double factor) {
  Values result = values;
  for (double& value : result) value *= factor;
  return result;
}

/// Of mean -0.6 and variance 0.075.
const Values nine = {-1.0, -0.9, -0.8, -0.7, -0.6, -0.5, -0.4, -0.3, -0.2};
const Values zeros(9, 0.0);

TEST(ClaimRule, TheIntervalIsStudents) {
  const Decided decided = decide({Direction::less}, nine, zeros);
  EXPECT_EQ(decided.decision, Decision::holds);
  EXPECT_EQ(decided.pairs, 9);
  EXPECT_NEAR(decided.mean, -0.6, 1e-12);
  EXPECT_NEAR(decided.error, std::sqrt(0.075 / 9), 1e-12);
  const double half = 3.355387 * std::sqrt(0.075 / 9);  // t of 8 degrees of freedom, 99 %
  EXPECT_NEAR(decided.low, -0.6 - half, 1e-6);
  EXPECT_NEAR(decided.high, -0.6 + half, 1e-6);
  EXPECT_LT(decided.chance, 0.001);
}

TEST(ClaimRule, TurnsWithTheSideOfTheInterval) {
  EXPECT_EQ(decide({Direction::more}, nine, zeros).decision, Decision::refuted);
  EXPECT_EQ(decide({Direction::less}, zeros, nine).decision, Decision::refuted);
  EXPECT_EQ(decide({Direction::more}, zeros, nine).decision, Decision::holds);
  // Half the interval is 0.306: what comes nearer to zero than that is undecided.
  EXPECT_EQ(decide({Direction::less}, plus(nine, 0.29), zeros).decision, Decision::holds);
  EXPECT_EQ(decide({Direction::less}, plus(nine, 0.30), zeros).decision, Decision::undecided);
  EXPECT_EQ(decide({Direction::less}, plus(nine, 0.90), zeros).decision, Decision::undecided);
  EXPECT_EQ(decide({Direction::less}, plus(nine, 0.91), zeros).decision, Decision::refuted);
}

TEST(ClaimRule, PairsSeedsAndNotMeans) {
  const Values seeds = {1, 5, 2, 8, 3, 9, 4, 7};  // far apart, but each a little better than its pair
  const Values noise = {0.01, 0.02, 0.01, 0.03, 0.02, 0.01, 0.02, 0.02};
  Values better = plus(seeds, -0.1);
  for (size_t i = 0; i < better.size(); ++i) better[i] += noise[i];
  EXPECT_EQ(decide({Direction::less}, better, seeds).decision, Decision::holds);
}

TEST(ClaimRule, NoMoreAndNoLessHoldWithinTheirMargin) {
  const Comparison no_more{Direction::no_more, 1, 1.0, false};
  EXPECT_EQ(decide(no_more, plus(nine, 1.2), zeros).decision, Decision::holds);  // mean 0.6, end 0.906
  EXPECT_EQ(decide(no_more, plus(nine, 1.5), zeros).decision, Decision::undecided);
  EXPECT_EQ(decide(no_more, plus(nine, 2.0), zeros).decision, Decision::refuted);
  EXPECT_EQ(decide(no_more, plus(nine, -5), zeros).decision, Decision::holds);
  const Comparison no_less{Direction::no_less, 1, 1.0, false};
  EXPECT_EQ(decide(no_less, nine, zeros).decision, Decision::holds);
  EXPECT_EQ(decide(no_less, plus(nine, -1), zeros).decision, Decision::refuted);
}

TEST(ClaimRule, TheSameIsWithinTheMarginOnBothSides) {
  const Comparison same{Direction::same, 1, 1.0, false};
  EXPECT_EQ(decide(same, nine, zeros).decision, Decision::holds);
  EXPECT_EQ(decide(same, plus(nine, -1), zeros).decision, Decision::refuted);
  EXPECT_EQ(decide(same, plus(nine, 2.5), zeros).decision, Decision::refuted);
  EXPECT_EQ(decide(same, plus(nine, -0.3), zeros).decision, Decision::undecided);
}

TEST(ClaimRule, FactorsAndSharesAreOfTheOtherArm) {
  const Values tens = {10, 11, 9, 10, 12, 8, 10, 10};
  const Values halves = times(tens, 0.45);
  EXPECT_EQ(decide({Direction::less, 0.5}, halves, tens).decision, Decision::holds);
  EXPECT_EQ(decide({Direction::less, 0.4}, halves, tens).decision, Decision::refuted);
  EXPECT_EQ(decide({Direction::no_more, 1, 0.05, true}, times(tens, 1.04), tens).decision, Decision::holds);
  EXPECT_EQ(decide({Direction::no_more, 1, 0.03, true}, times(tens, 1.04), tens).decision, Decision::refuted);
  EXPECT_DOUBLE_EQ(decide({Direction::no_more, 1, 0.03, true}, halves, tens).margin, 0.3);
  EXPECT_EQ(decide({Direction::no_more, 0.5, 0.7, false}, halves, tens).margin, 0.7);
}

TEST(ClaimRule, EqualDifferencesAreCertain) {
  const Values many(10, 4011), more(10, 10000);
  EXPECT_EQ(decide({Direction::less}, many, more).decision, Decision::holds);
  EXPECT_EQ(decide({Direction::less}, more, many).decision, Decision::refuted);
  EXPECT_EQ(decide({Direction::less}, many, many).decision, Decision::undecided);
}

TEST(ClaimRule, RefusesWhatCannotBeJudged) {
  const Values seven(7, 1.0), eight(8, 1.0);
  EXPECT_THROW(decide({}, seven, seven), DataError);
  EXPECT_THROW(decide({}, eight, zeros), DataError);
  Values hole = eight;
  hole[3] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(decide({}, hole, eight), DataError);
}

TEST(ClaimRule, AllPartsMustHoldAndOneRefutes) {
  const Decided holds{Decision::holds, 8, 0, 0, 0, 0, 0.001}, weaker{Decision::holds, 8, 0, 0, 0, 0, 0.004};
  const Decided refuted{Decision::refuted, 8, 0, 0, 0, 0, 0.002}, open{};
  EXPECT_EQ(decide_all({holds, weaker}).decision, Decision::holds);
  EXPECT_EQ(decide_all({holds, weaker}).chance, 0.004);
  EXPECT_EQ(decide_all({holds, open}).decision, Decision::undecided);
  EXPECT_EQ(decide_all({holds, open, refuted}).decision, Decision::refuted);
  EXPECT_DOUBLE_EQ(decide_all({holds, open, refuted}).chance, 0.006);
}

TEST(ClaimRule, HolmStepsDown) {
  // 0.01 / 4 = 0.0025, / 3 = 0.00333, / 2 = 0.005, / 1 = 0.01
  EXPECT_EQ(stands_with_holm({0.003, 0.0024, 0.02, 0.004}), (std::vector<bool>{true, true, false, true}));
  EXPECT_EQ(stands_with_holm({0.003, 0.0026}), (std::vector<bool>{true, true}));
  EXPECT_EQ(stands_with_holm({0.009, 0.006}), (std::vector<bool>{false, false}));
  EXPECT_TRUE(stands_with_holm({}).empty());
}

TEST(ReproductionCount, KindsAreCountedApart) {
  const ReproductionCount count = count_rows({{ClaimKind::measured, ClaimVerdict::holds, 0.0001},
                                              {ClaimKind::measured, ClaimVerdict::holds, 0.009},
                                              {ClaimKind::measured, ClaimVerdict::refuted, 0.0002},
                                              {ClaimKind::measured, ClaimVerdict::undecided, 1},
                                              {ClaimKind::exact, ClaimVerdict::agrees, 1},
                                              {ClaimKind::arithmetic, ClaimVerdict::differs, 1},
                                              {ClaimKind::not_testable, ClaimVerdict::not_testable, 1}});
  EXPECT_EQ(measured_sentence(count),
            "Of 4 measured claims, 2 hold, 1 is refuted, 1 is undecided at this size");
  EXPECT_EQ(count.holm_holds, 1);
  EXPECT_EQ(count.holm_refuted, 1);
  EXPECT_EQ(count.stands, (std::vector<bool>{true, false, true, false, false, false, false}));
  EXPECT_EQ(count.of(ClaimKind::exact, ClaimVerdict::agrees), 1);
  EXPECT_EQ(count.of(ClaimKind::arithmetic, ClaimVerdict::agrees), 0);
  EXPECT_EQ(other_sentences(count).size(), 4U);
}

}  // namespace
}  // namespace muster
