#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "muster/report/arm_result.h"

namespace muster::inline report {

/// An evaluation of the averaged model during a run, or the mean over several runs.
struct EvaluationPoint {
  double step = 0;
  double seconds = 0;   ///< wall time since the run's first step
  double bytes = 0;     ///< sent by a worker up to here
  double accuracy = 0;  ///< NaN where unknown
  double loss = 0;      ///< NaN where unknown
};

std::vector<EvaluationPoint> evaluations(const std::vector<MetricsLine>& lines);

/// Means at the steps that all of the curves have; an empty curve does not count.
std::vector<EvaluationPoint> mean_curve(const std::vector<std::vector<EvaluationPoint>>& curves);

struct CurvePoint {
  double x = 0;
  double y = 0;
};

/// Training loss of the runs together: rounds are binned by their middles into at most `most` equal ranges of
/// steps, each round weighted by its steps.
std::vector<CurvePoint> training_loss(const std::vector<const RunHistory*>& runs, size_t most);

/// Period by the first step of each round, ending at the last step; rounds like both their neighbours left
/// out.
std::vector<CurvePoint> periods(const std::vector<MetricsLine>& lines);

/// Divergence of the replicas at the meetings that measured it.
std::vector<CurvePoint> divergences(const std::vector<MetricsLine>& lines);

/// A number that the probes of a run measured, by its name in the metrics.
std::vector<CurvePoint> probed(const std::vector<MetricsLine>& lines, const std::string& name);

/// A probed number for which the page has a chart, where a run measured it.
struct ProbedNumber {
  std::string_view name, title, hint;
};
std::span<const ProbedNumber> probed_numbers();

/// What the page's charts draw, as one JSON object. Curves are thinned so that the whole stays below about 1
/// MB, whatever the number and the length of the runs.
std::string chart_data(const std::vector<Arm>& arms, const std::vector<ArmResult>& results, Quality quality);

}  // namespace muster::inline report
