#pragma once

#include <optional>
#include <string>
#include <vector>

#include "muster/report/arm_result.h"
#include "muster/report/network_time.h"

namespace muster {

/// A comparison in words: who is best, whether that is more than the spread over seeds, who is the cheapest
/// that keeps up, and what a network would make of it. Claims no more than the seeds can carry.
struct Answer {
  std::string headline;              ///< one sentence
  std::vector<std::string> details;  ///< a sentence each
  std::string text() const;          ///< all of it
};

Answer answer(const std::vector<ArmResult>& arms, Quality quality, const std::optional<Network>& network);

/// "75.90 % ± 0.41", "0.6875 ± 0.0051", without ± for one seed; "--" for what is not known.
std::string accuracy_text(const std::optional<MeanSpread>& accuracy);
std::string loss_text(const std::optional<MeanSpread>& loss);
/// "124", "124 ± 3": whole numbers.
std::string count_text(const MeanSpread& count);
/// "15.9 %", "0.042 %": three significant digits.
std::string share_text(double share);
/// "3 seeds", "1 seed".
std::string plural(size_t count, const std::string& word);

}  // namespace muster
