#pragma once

#include <optional>
#include <string>
#include <vector>

#include "muster/report/arm_result.h"
#include "muster/report/network_time.h"

namespace muster::inline report {

/// The content of a comparison's table, in the terminal and on the page: the first heading is the arm's.
struct ResultTable {
  std::vector<std::string> headings;
  std::vector<std::vector<std::string>> rows;  ///< one for each arm, in the arms' order
};

/// Quality, rounds, share of communication, bytes; with a network the predicted time and how many times
/// faster than the first arm.
ResultTable quality_table(const std::vector<ArmResult>& arms, Quality quality,
                          const std::optional<Network>& network);
/// Measured time by part.
ResultTable time_table(const std::vector<ArmResult>& arms);

/// For a terminal of `most` columns (0: any number).
std::string table_text(const ResultTable& table, int most = 0);

}  // namespace muster::inline report
