#pragma once

#include <string>
#include <vector>

#include "muster/schedule/rule_advice.h"

namespace muster::inline schedule {

// Advice for the rules whose period grows as the learning rate falls.

/// Steps of the shortest run for which a gain of QSR has been shown.
inline constexpr int64_t long_run = 15'000;

std::vector<std::string> risks_of_rate_rules(const AdviceFacts& facts);

/// "qsr:4", or with many settings "qsr:4,0.0175": the period is (growth / learning rate)^exponent, at least
/// the base. `growth_of`: the growth in the middle of the range for each base.
std::vector<Candidate> rate_rule_candidates(const std::string& name, double exponent,
                                            const std::function<double(int64_t base)>& growth_of,
                                            const CandidateRequest& request);

}  // namespace muster::inline schedule
