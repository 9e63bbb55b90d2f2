#pragma once

#include "muster/app/keys/options.h"
#include "muster/choice/family.h"
#include "muster/rounds/merge_kinds.h"
#include "muster/schedule/rule_kind.h"

namespace muster {

/// What meetings that overlap with local steps, and fragments, do not go together with. Throws OptionError
/// with the key that should change.
void check_overlap(const Configuration& configuration, const RuleKind& rule, const Family<MergeKind>& merges);

}  // namespace muster
