#pragma once

#include "muster/optim/outer_kind.h"

namespace muster::test {

/// An outer optimizer of one's own: anchor -= stride * sign(outer gradient).
OuterKind sign_step();

}  // namespace muster::test
