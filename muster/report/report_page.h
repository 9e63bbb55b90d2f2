#pragma once

#include <optional>
#include <string>
#include <vector>

#include "muster/report/arm_result.h"
#include "muster/report/network_time.h"

namespace muster::inline report {

struct ReportInput {
  std::string title;  ///< what was compared, one line
  std::vector<Arm> arms;
  std::optional<Network> network;
  std::optional<double> margin;  ///< by which an arm may be worse than the first: points of accuracy, or loss
  std::vector<std::string> commands;  ///< that repeat these runs, a line each
  std::string written;                ///< when, for the foot of the page
};

/// One self-contained HTML page (styles, charts and data are in it): the answer and its table, the course of
/// training against steps, time and bytes, periods, divergence, time by part, the settings with what differs
/// between the arms, and the commands. Throws Bug without arms.
std::string report_page(const ReportInput& input);

/// Keys whose values differ between arms (those of an arm's first run), except for those of where and how a
/// run is recorded: run.out, run.resume, run.seed.
std::vector<std::string> differing_keys(const std::vector<Arm>& arms);

}  // namespace muster::inline report
