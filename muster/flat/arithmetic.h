#pragma once

#include "muster/flat/vector.h"

namespace muster::inline flat {

// Element by element, on the CPU, with one rounding per operation: the same bits on every processor.
// REQUIRES: vectors of one size and type, float32 or float64.

/// out <- a - b. `out` may be `a` or `b`.
void subtract(const Vector& a, const Vector& b, const Vector& out);
/// to <- to + what; `what` may be float32 where `to` is float64.
void add(const Vector& to, const Vector& what);
/// vector <- -vector
void negate(const Vector& vector);
/// vector <- vector * by, where `by` is rounded to the vector's type first
void multiply(const Vector& vector, double by);
/// vector <- vector / by, where `by` is rounded to the vector's type first
void divide(const Vector& vector, double by);
/// Every element <- value.
void fill(const Vector& vector, double value);
/// The vector itself where it is float32, else its values rounded to float32.
Vector as_float32(const Vector& vector);

}  // namespace muster::inline flat
