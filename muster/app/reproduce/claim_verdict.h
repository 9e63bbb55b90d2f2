#pragma once

#include <string_view>
#include <vector>

#include "muster/app/reproduce/claim_figures.h"

namespace muster::inline app {

/// holds, refuted, undecided: of measured rows. agrees, differs: of exact and arithmetic rows.
enum class ClaimVerdict { holds, refuted, undecided, agrees, differs, not_testable, failed };
inline constexpr ClaimVerdict all_verdicts[] = {
    ClaimVerdict::holds,   ClaimVerdict::refuted,      ClaimVerdict::undecided, ClaimVerdict::agrees,
    ClaimVerdict::differs, ClaimVerdict::not_testable, ClaimVerdict::failed};

/// "holds", "refuted", "undecided", "agrees", "differs", "not testable here", "failed".
std::string_view claim_verdict_text(ClaimVerdict verdict);
/// For JSON: the same with '_', and "not_testable".
std::string_view claim_verdict_word(ClaimVerdict verdict);

/// The verdict on a test by its figures.
struct Judgement {
  ClaimVerdict verdict = ClaimVerdict::failed;
  std::vector<Decided> parts;   ///< of a measured test, one for each of its parts
  std::vector<double> numbers;  ///< of an exact or arithmetic test: what was found in the place of each
  double chance = 1;            ///< two-sided p of a measured verdict; 1 where undecided
};

/// By the one rule (claim_rule.h), or by the numbers' tolerances. `seeds`: the number that each part
/// declares. Throws DataError: another number of seeds was found, or see decide.
Judgement judge(const ClaimTest& test, const std::vector<FigureValue>& figures,
                const std::vector<int64_t>& seeds);

}  // namespace muster::inline app
