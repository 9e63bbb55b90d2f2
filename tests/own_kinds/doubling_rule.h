#pragma once

#include "muster/schedule/rule_kind.h"

namespace muster::test {

/// A rule of one's own: the period doubles after every so many rounds, beginning with base_period.
RuleKind doubling_rule();

}  // namespace muster::test
