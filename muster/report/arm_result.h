#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "muster/report/network_time.h"
#include "muster/report/run_history.h"

namespace muster::inline report {

/// Mean over seeds and their sample standard deviation (divisor n - 1; none for a single seed).
struct MeanSpread {
  double mean = 0;
  std::optional<double> spread;
};

/// Nothing for no values.
std::optional<MeanSpread> mean_and_spread(const std::vector<double>& values);

/// The measure of quality: the loss for text models, the accuracy for others.
enum class Quality { accuracy, loss };

/// One arm of a comparison: runs that differ only in their seed.
struct Arm {
  std::string name;
  std::vector<RunHistory> runs;
};

/// Means over an arm's finished runs; where none has finished, over the rounds so far.
struct ArmResult {
  std::string name;
  std::string task;                     ///< task and data: only arms of the same task can be compared
  Quality quality = Quality::accuracy;  ///< the task's measure of quality
  std::vector<int64_t> seeds;           ///< of the runs that count here
  std::vector<double> accuracies;       ///< by seed, where all of them are known
  std::vector<double> losses;           ///< likewise
  bool finished = false;                ///< at least one run has ended
  int64_t unfinished = 0;               ///< runs that have not
  std::optional<MeanSpread> accuracy, loss, train_loss;
  MeanSpread rounds, communication, bytes_per_worker;
  double steps = 0;
  SummarySeconds seconds;  ///< means
  std::optional<PredictedTime> predicted;
};

/// Without prediction. Throws Bug for an arm without runs.
ArmResult arm_result(const Arm& arm);

/// Each arm's result and, with a network, the predicted time of those that have finished. The seconds of a
/// step are the median over all finished runs that do the same work in a step (model, data, batch, inner
/// optimizer, precision, workers, threads), so that fluctuations of the machine's speed do not count as
/// differences between arms.
std::vector<ArmResult> arm_results(const std::vector<Arm>& arms, const std::optional<Network>& network);

/// Loss where the task is text or where no accuracy was measured.
Quality quality_of(const std::vector<Arm>& arms);

/// The least test loss that any model can reach: the mean over the runs that report it.
std::optional<double> loss_floor(const std::vector<Arm>& arms);

/// By how much `better` is ahead of `worse` in quality (accuracy as a share), and the spread of that lead
/// over the seeds: of the differences seed by seed where both have the same seeds, which began alike; else
/// the root of the sum of the squared spreads. No spread where an arm has one seed.
MeanSpread lead(const ArmResult& better, const ArmResult& worse, Quality quality);

/// The quality's values, mean and spread of an arm.
const std::optional<MeanSpread>& quality_value(const ArmResult& arm, Quality quality);

/// Whether all arms with a finished run are of one task.
bool is_one_task(const std::vector<ArmResult>& arms);

/// The arm with the best mean among those with a finished run. Nothing where there is none, and where they
/// are of different tasks.
std::optional<size_t> best_arm(const std::vector<ArmResult>& arms, Quality quality);

/// The arm that sends the fewest bytes (ties: that meets least) among those that are not behind the best by
/// more than the spread of that lead. Where no spread is known: only the best itself. Nothing where there is
/// no best.
std::optional<size_t> cheapest_near_best(const std::vector<ArmResult>& arms, Quality quality);

}  // namespace muster::inline report
