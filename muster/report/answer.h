#pragma once

#include <optional>
#include <string>
#include <vector>

#include "muster/report/arm_result.h"
#include "muster/report/network_time.h"

namespace muster {

/// A comparison in words: which arm is best, whether the seeds separate it from the second (Student's 99 %
/// interval of the paired differences), which is the cheapest of those that are as good, and what a network
/// would make of it. With a margin first which arms are no worse than the first one by more than that.
struct Answer {
  std::string headline;              ///< one sentence
  std::vector<std::string> details;  ///< a sentence each
  std::string text() const;          ///< all of it
};

Answer answer(const std::vector<ArmResult>& arms, Quality quality, const std::optional<Network>& network,
              std::optional<double> margin = std::nullopt);

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
