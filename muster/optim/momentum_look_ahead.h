#pragma once

#include "muster/flat/vector.h"

namespace muster::inline optim {

/// parameters -= rate * momentum: where a step without a new gradient would lead.
void look_ahead_along(Vector& parameters, const Vector& momentum, double rate);

}  // namespace muster::inline optim
