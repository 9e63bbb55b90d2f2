#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "muster/app/chaos/chaos_plan.h"

namespace muster {

/// What a disturbance did to the run.
struct DisturbanceResult {
  Disturbance planned;
  double at = 0;           ///< seconds since the run's start
  std::vector<int> ranks;  ///< that were hit
  /// Seconds to the next meeting in metrics.jsonl: since the last death, since a sleeper's lease ended, since
  /// a slow rank was fast again. Nothing where the run ended before.
  std::optional<double> recovery;
  double limit = 0;            ///< of `recovery`
  std::optional<double> back;  ///< seconds until all processes took part again, since the death or the waking
  std::string fault;           ///< empty: it held
};

/// What must hold at the end, and whether it did.
struct ChaosCheck {
  std::string name;
  bool held = false;
  std::string detail;
};

/// What there is to judge a run by.
struct ChaosEvidence {
  std::string folder;
  uint64_t seed = 1;
  size_t planned = 0;  ///< disturbances
  std::vector<DisturbanceResult> disturbances;
  std::vector<std::string> differences;  ///< that run.verify found
  int exit_code = 0;                     ///< of the launcher
  double seconds = 0;                    ///< that the run took
  bool finished = false;                 ///< it has a summary.json
  int64_t rounds = 0;
  int64_t steps = 0;
  std::optional<int64_t> expected_steps;
  std::optional<double> loss;    ///< final_test_loss
  std::vector<double> baseline;  ///< of undisturbed runs
};

/// Whether a loss is that of an undisturbed run: no further from their mean than 3 of their standard
/// deviations or 2 % of it, whichever is more, or below.
bool within_spread(double loss, const std::vector<double>& undisturbed);

std::vector<ChaosCheck> judge_chaos(const ChaosEvidence& evidence);
/// A table of disturbances, and the checks.
std::string chaos_text(const ChaosEvidence& evidence, const std::vector<ChaosCheck>& checks);
std::string chaos_json(const ChaosEvidence& evidence, const std::vector<ChaosCheck>& checks);

}  // namespace muster
