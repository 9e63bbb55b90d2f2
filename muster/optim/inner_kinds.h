#pragma once

#include "muster/choice/family.h"
#include "muster/optim/inner_kind.h"

namespace muster::inline optim {

/// All of them, in the order of help and documents: inner.optimizer.
Family<InnerKind> built_in_inner_optimizers();

}  // namespace muster::inline optim
