#pragma once

#include <optional>
#include <string>
#include <vector>

#include "muster/report/arm_result.h"
#include "muster/report/network_time.h"

namespace muster::inline report {

/// A comparison in words: which arm is best, whether the seeds separate it from the second (Student's 99 %
/// interval of the paired differences), which of the equally good arms is the cheapest, and the predicted
/// times on a network. With a margin it first says which arms are at most that much worse than the
/// first one.
struct Answer {
  std::string headline;              ///< one sentence
  std::vector<std::string> details;  ///< a sentence each
  std::string text() const;          ///< headline and details, as one text
};

Answer answer(const std::vector<ArmResult>& arms, Quality quality, const std::optional<Network>& network,
              std::optional<double> margin = std::nullopt);

/// "75.90 % ± 0.41", "0.6875 ± 0.0051", without ± for one seed; "--" for unknown values.
std::string accuracy_text(const std::optional<MeanSpread>& accuracy);
std::string loss_text(const std::optional<MeanSpread>& loss);
/// "124", "124 ± 3": whole numbers.
std::string count_text(const MeanSpread& count);
/// "15.9 %", "0.042 %": three significant digits.
std::string share_text(double share);
/// "3 seeds", "1 seed".
std::string plural(size_t count, const std::string& word);

}  // namespace muster::inline report
