#pragma once

#include "muster/choice/family.h"
#include "muster/optim/outer_kind.h"

namespace muster::inline optim {

/// All of them, in the order of help and documents: outer.optimizer.
Family<OuterKind> built_in_outer_optimizers();

}  // namespace muster::inline optim
