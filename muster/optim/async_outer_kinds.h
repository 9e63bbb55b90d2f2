#pragma once

#include "muster/choice/family.h"
#include "muster/optim/async_outer_kind.h"

namespace muster::inline optim {

/// All of them, in the order of help and documents: async.outer.
Family<AsyncOuterKind> built_in_async_outer_optimizers();

}  // namespace muster::inline optim
