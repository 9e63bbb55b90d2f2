#pragma once

#include <string>
#include <utility>
#include <vector>

#include "muster/report/metrics_file.h"

namespace muster::inline train {

/// The scalars of a line of metrics for TensorBoard, by tag.
std::vector<std::pair<std::string, double>> event_values(const MetricsLine& line);

}  // namespace muster::inline train
