#pragma once

#include <string>
#include <utility>
#include <vector>

#include "muster/report/metrics_file.h"

namespace muster {

/// What TensorBoard shows of a line of metrics, by tag.
std::vector<std::pair<std::string, double>> event_values(const MetricsLine& line);

}  // namespace muster
