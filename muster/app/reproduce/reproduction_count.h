#pragma once

#include <map>
#include <string>
#include <vector>

#include "muster/app/reproduce/claim_verdict.h"

namespace muster::inline app {

/// How a row is counted.
struct CountedRow {
  ClaimKind kind = ClaimKind::measured;
  ClaimVerdict verdict = ClaimVerdict::failed;
  double chance = 1;  ///< of a measured verdict
};

/// The rows of each kind by their verdicts, and the measured ones after Holm's correction for their number.
struct ReproductionCount {
  std::map<ClaimKind, std::map<ClaimVerdict, int>> rows;
  std::vector<bool> stands;  ///< for each row: whether its measured verdict also stands with Holm
  int holm_holds = 0, holm_refuted = 0;

  int of(ClaimKind kind) const;
  int of(ClaimKind kind, ClaimVerdict verdict) const;
};
ReproductionCount count_rows(const std::vector<CountedRow>& rows);

/// "Of 20 measured claims 12 hold, 5 are refuted, 3 are undecided at this size".
std::string measured_sentence(const ReproductionCount& count);
/// The other kinds, and Holm's count, a sentence each.
std::vector<std::string> other_sentences(const ReproductionCount& count);

}  // namespace muster::inline app
