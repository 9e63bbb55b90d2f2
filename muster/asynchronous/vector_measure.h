#pragma once

#include <cstdint>

#include "muster/flat/vector.h"

namespace muster::inline asynchronous {

/// What a server must know of a contribution's vector to decide on it.
struct VectorMeasure {
  bool fits = false;    ///< of the server's length and type
  bool finite = false;  ///< every number, and the norm within its type
  double norm = 0;      ///< where finite
};

/// Two passes over the vector, by any thread. An undefined one does not fit.
VectorMeasure measure(const Vector& vector, int64_t elements, ElementType type);

}  // namespace muster::inline asynchronous
