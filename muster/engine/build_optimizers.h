#pragma once

#include <memory>

#include "muster/app/keys/options.h"
#include "muster/method/synchronous.h"
#include "muster/optim/outer_optimizer.h"

namespace muster::inline app {
class Catalogue;
}  // namespace muster::inline app

namespace muster::inline engine {

/// The factory of every replica's inner optimizer. Throws OptionError.
InnerOptimizerFactory build_inner(const Catalogue& catalogue, const InnerSection& inner);

MomentsAtMeeting build_at_meeting(const InnerSection& inner);

/// The outer optimizer for an anchor of `size` elements of `type`. Throws OptionError.
std::unique_ptr<OuterOptimizer> build_outer(const Catalogue& catalogue, const OuterSection& outer,
                                            int64_t size, ElementType type);

}  // namespace muster::inline engine
