#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "muster/app/keys/options.h"
#include "muster/schedule/learning_rate.h"
#include "muster/schedule/rule_kind.h"
#include "muster/schedule/sync_schedule.h"

namespace muster::inline app {

class Catalogue;

/// A rule with the given values of its fields and the facts of the run. Borrows the rule from the catalogue.
struct ChosenRule {
  const RuleKind& kind;
  Values values;
  RunFacts facts;

  /// A new schedule, for one run. Throws OptionError.
  std::unique_ptr<SyncSchedule> make() const { return kind.make(values, facts); }
  /// The period that `above base` is measured against in a preview; none where the first round gives it.
  std::optional<int64_t> period_of_preview() const { return kind.period_of_preview(values); }
};

/// The rule that schedule.rule names. REQUIRES: a configuration from resolve().
ChosenRule chosen_rule(const Catalogue& catalogue, const Configuration& configuration);

/// A new schedule of the rule that schedule.rule names, for one run. REQUIRES: a configuration from
/// resolve().
std::unique_ptr<SyncSchedule> make_schedule(const Catalogue& catalogue, const Configuration& configuration);

/// What rules may need to know of a run.
RunFacts run_facts(const Catalogue& catalogue, const Configuration& configuration);

/// REQUIRES: a configuration from resolve().
LearningRate make_learning_rate(const Catalogue& catalogue, const Configuration& configuration,
                                int64_t total_steps);

}  // namespace muster::inline app
