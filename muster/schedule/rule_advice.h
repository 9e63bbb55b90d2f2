#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "muster/choice/values.h"

namespace muster::inline schedule {

/// One setting of a rule that a planner evaluates, with its name in the plan: "constant:8".
struct Candidate {
  std::string name;
  Values values;
};

/// A planner's request for about `settings` settings of a rule around the configured ones.
struct CandidateRequest {
  const Values& given;   ///< of the section, for whatever rule
  std::string rule;      ///< the configured one
  double peak = 0;       ///< learning rate
  int64_t steps = 0;     ///< of the run
  int64_t settings = 5;  ///< more than 5: the whole range, not only what papers tried
  const std::vector<int64_t>& periods;

  bool many() const { return settings > 5; }
  /// Few settings: the short periods of the papers; many: all of them.
  std::vector<int64_t> first_periods() const;
  /// The configured settings with another period; a longest period grows with it.
  Values with_period(int64_t period) const;
};

/// The facts about a run and one setting of a rule for it, on which advice depends.
struct AdviceFacts {
  bool rate_falls = false;  ///< smoothly, to a tenth of its peak or less
  bool rate_drops = false;  ///< in steps
  bool plain_sgd = false;   ///< the workers' optimizer is SGD
  int64_t steps = 0;        ///< of the run
  int64_t warmup_steps = 0;
  bool estimated = false;  ///< the rule follows what a run will measure
  std::string enough;      ///< "10 %": a share of the run's time besides computing that needs no improvement
};

/// What papers and experience say of a rule: settings to try, when to take it, why, and what it may cost.
struct RuleAdvice {
  /// Empty: the rule is planned only where it is the configured one.
  std::function<std::vector<Candidate>(const CandidateRequest&)> candidates;
  /// How strongly papers support the rule for such a run: the rule with the largest number is evaluated
  /// first, the last of them where that has no setting of the papers. 0 or empty: it is never proposed.
  std::function<int(const AdviceFacts&)> suits;
  /// One sentence; "" or empty: nothing to say.
  std::function<std::string(const AdviceFacts&)> reason;
  /// Empty: a short comparison is recommended.
  std::function<std::vector<std::string>(const AdviceFacts&)> risks;
};

}  // namespace muster::inline schedule
