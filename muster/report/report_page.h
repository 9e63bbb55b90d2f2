#pragma once

#include <optional>
#include <string>
#include <vector>

#include "muster/report/arm_result.h"
#include "muster/report/network_time.h"

namespace muster {

struct ReportInput {
  std::string title;  ///< what was compared, one line
  std::vector<Arm> arms;
  std::optional<Network> network;
  std::optional<double> margin;  ///< by which an arm may be worse than the first: points of accuracy, or loss
  std::vector<std::string> commands;  ///< that make these runs again, a line each
  std::string written;                ///< when, for the foot of the page
};

/// One HTML page that needs nothing else (styles, charts and data are in it): the answer and its table, the
/// course of training against steps, time and bytes, periods, divergence, where the time went, the settings
/// with what differs between the arms, and the commands. Throws Bug without arms.
std::string report_page(const ReportInput& input);

/// Keys whose values differ between arms (of an arm its first run's), but for those that say where and how a
/// run is watched: run.out, run.resume, run.seed.
std::vector<std::string> differing_keys(const std::vector<Arm>& arms);

}  // namespace muster
