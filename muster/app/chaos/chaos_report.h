#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "muster/app/chaos/chaos_plan.h"

namespace muster::inline app {

/// What a disturbance did to the run.
struct DisturbanceResult {
  Disturbance planned;
  double at = 0;           ///< seconds since the run's start
  std::vector<int> ranks;  ///< the ranks that were hit
  /// Seconds to the next meeting in metrics.jsonl, counted from the last kill, from the end of a stopped or
  /// cut rank's lease, or from the end of a slow phase. Nothing when no meeting follows.
  std::optional<double> recovery;
  double limit = 0;            ///< of `recovery`
  std::optional<double> back;  ///< seconds from its end until all processes take part again
  std::string fault;           ///< what went wrong; empty: nothing
};

/// What must hold at the end, and whether it did.
struct ChaosCheck {
  std::string name;
  bool held = false;
  std::string detail;
};

/// The facts by which judge_chaos() judges a run.
struct ChaosEvidence {
  std::string folder;
  uint64_t seed = 1;
  size_t planned = 0;  ///< number of disturbances in the plan
  std::vector<DisturbanceResult> disturbances;
  std::vector<std::string> differences;  ///< found by run.verify
  int exit_code = 0;                     ///< of the launcher
  double seconds = 0;                    ///< duration of the run
  bool finished = false;                 ///< it has a summary.json
  int64_t rounds = 0;
  int64_t steps = 0;
  std::optional<int64_t> expected_steps;
  std::optional<double> loss;    ///< final_test_loss
  std::vector<double> baseline;  ///< final_test_loss of undisturbed runs
};

/// Whether `loss` exceeds the mean of `undisturbed` by no more than 3 sample standard deviations or 2 % of
/// the mean, whichever is larger.
bool within_spread(double loss, const std::vector<double>& undisturbed);

std::vector<ChaosCheck> judge_chaos(const ChaosEvidence& evidence);
/// A table of disturbances, and the checks.
std::string chaos_text(const ChaosEvidence& evidence, const std::vector<ChaosCheck>& checks);
std::string chaos_json(const ChaosEvidence& evidence, const std::vector<ChaosCheck>& checks);

}  // namespace muster::inline app
