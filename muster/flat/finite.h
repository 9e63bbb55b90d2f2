#pragma once

#include "muster/flat/vector.h"

namespace muster::inline flat {

/// False when any element of a flat vector (float or double) is infinite or not a number. One pass, which
/// stops at the first block of 64 KiB that holds such an element.
bool all_finite(const Vector& vector);

}  // namespace muster::inline flat
