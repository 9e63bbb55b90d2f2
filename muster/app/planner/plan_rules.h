#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "muster/app/keys/options.h"
#include "muster/plan/schedule_walk.h"

namespace muster::inline app {

class Catalogue;

/// A rule with its settings, as a plan calls it: "every_step", "constant:8" (a period), "qsr" (as
/// configured), "qsr:4,0.0175" (base period and growth).
struct PlanRule {
  std::string name;
  ScheduleSection schedule;
};

/// The configured rule, and those settings of every rule that its description proposes, about `settings` of
/// each: periods (`periods` where given), growths, switches. Names are unique; a name says what differs from
/// the configuration.
std::vector<PlanRule> plan_rules(const Catalogue& catalogue, const Configuration& configuration,
                                 int64_t steps, int64_t settings, const std::vector<int64_t>& periods);

/// "qsr", "constant:8", "post_local:4": a rule, and its base period where one is named. Throws OptionError
/// (`field`): no such rule, a period below 1 or beyond the run, a rule that the configuration lacks the keys
/// for.
PlanRule named_rule(const Catalogue& catalogue, const std::string& field, const std::string& name,
                    const Configuration& configuration, int64_t steps);

/// The meetings of a run of the configuration with another schedule section.
ScheduleWalk walk_rule(const Catalogue& catalogue, const Configuration& configuration,
                       const ScheduleSection& schedule, const RateCurve& curve, const Replay* replay);

}  // namespace muster::inline app
