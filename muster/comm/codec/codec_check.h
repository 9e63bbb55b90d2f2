#pragma once

#include <cstdint>

#include "muster/flat/vector.h"

namespace muster::inline comm {

/// Throws Error unless the vector is one that codecs take: floats or doubles, contiguous, one-dimensional, on
/// the CPU.
void require_codable(const Vector& vector);

/// Throws Error unless the message is contiguous bytes, `expected` of them, for a vector of `elements`.
void require_length(const Vector& message, int64_t expected, int64_t elements);

}  // namespace muster::inline comm
