#pragma once

#include <map>
#include <string>
#include <vector>

#include "muster/app/reproduction_runs.h"
#include "muster/report/study_page.h"

namespace muster {

/// A claim with its verdict.
struct JudgedClaim {
  PlannedClaim planned;
  Verdict verdict = Verdict::failed;
  std::vector<FigureValue> figures;
  std::string shows;   ///< the figures in a line
  std::string reason;  ///< of a failure, or why it cannot be tested
  std::vector<StudyChart> charts;
};

struct ReproductionResult {
  const ReproduceRequest& request;
  const ReproductionPlan& plan;
  const FinishedCommands& finished;
  std::vector<JudgedClaim> claims;
};

/// Finds the figures of a claim and judges it by its conditions; what cannot be read makes it `failed`.
JudgedClaim judge_claim(const PlannedClaim& claim, const ClaimResults& results);

/// One object (docs/json.md); the same results give the same bytes.
std::string reproduction_json(const ReproductionResult& result, int indent);
/// The table, and how many claims hold, for the terminal.
std::string reproduction_text(const ReproductionResult& result);
/// The page with all verdicts, pictures and commands.
std::string reproduction_page(const ReproductionResult& result);
/// "9 of 20 claims hold, 4 in part, ...".
std::string reproduction_sentence(const ReproductionResult& result);
/// The rule of a verdict in words: "holds if early > 2 * late; in part if early > late".
std::string rule_text(const ClaimTest& test);

}  // namespace muster
