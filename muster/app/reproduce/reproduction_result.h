#pragma once

#include <map>
#include <string>
#include <vector>

#include "muster/app/reproduce/claim_verdict.h"
#include "muster/app/reproduce/reproduction_count.h"
#include "muster/app/reproduce/reproduction_runs.h"
#include "muster/report/study_page.h"

namespace muster::inline app {

/// A claim with its verdict.
struct JudgedClaim {
  PlannedClaim planned;
  Judgement judgement;
  std::vector<FigureValue> figures;
  std::string shows;   ///< the figures in a line
  std::string reason;  ///< of a failure, why it cannot be tested, or what the verdict means
  std::vector<StudyChart> charts;
};

struct ReproductionResult {
  const ReproduceRequest& request;
  const ReproductionPlan& plan;
  const FinishedCommands& finished;
  std::vector<JudgedClaim> claims;
};

/// Finds the figures of a claim and judges it by its rule; what cannot be read makes it `failed`.
JudgedClaim judge_claim(const PlannedClaim& claim, const ClaimResults& results);

ReproductionCount count_of(const ReproductionResult& result);

/// "QSR ends flatter: holds, -0.012 (99 %: -0.02 to -0.004; 10 seeds)", one for each part.
std::vector<std::string> part_texts(const JudgedClaim& judged);

/// One object (docs/json.md); the same results give the same bytes.
std::string reproduction_json(const ReproductionResult& result, int indent);
/// The rows by their kinds, and how many of each hold, for the terminal.
std::string reproduction_text(const ReproductionResult& result);
/// The page with all verdicts, charts and commands.
std::string reproduction_page(const ReproductionResult& result);

}  // namespace muster::inline app
