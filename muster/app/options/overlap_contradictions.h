#pragma once

#include "muster/app/keys/options.h"
#include "muster/choice/family.h"
#include "muster/rounds/merge_kinds.h"
#include "muster/schedule/rule_kind.h"

namespace muster::inline app {

/// Refuses keys that contradict overlapping meetings or fragments. Throws OptionError with the key that
/// should change.
void check_overlap(const Configuration& configuration, const RuleKind& rule, const Family<MergeKind>& merges);

}  // namespace muster::inline app
