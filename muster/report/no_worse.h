#pragma once

#include <string>
#include <vector>

#include "muster/report/decision.h"
#include "muster/report/lead_interval.h"
#include "muster/report/result_table.h"

namespace muster::inline report {

/// Whether an arm is at most a margin worse than the first one.
struct NoWorse {
  std::string arm;
  std::optional<LeadInterval> lead;  ///< over the first arm: negative where this one is worse
  Decision verdict = Decision::undecided;
};

/// For every arm but the first. The 99 % interval of the lead lies wholly above -margin: holds; wholly below:
/// refuted; else, or with fewer than eight seeds: undecided. The margin counts in points of accuracy
/// (hundredths), or in loss.
std::vector<NoWorse> no_worse(const std::vector<ArmResult>& arms, Quality quality, double margin);

/// A row for each arm, the first one as the reference: its difference to the first arm, the interval, the
/// verdict.
ResultTable no_worse_table(const std::vector<ArmResult>& arms, Quality quality, double margin);

/// "1 point", "0.5 points", "0.01": a margin in words.
std::string margin_text(double margin, Quality quality);

}  // namespace muster::inline report
