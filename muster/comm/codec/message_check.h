#pragma once

#include <string>
#include <vector>

#include "muster/flat/vector.h"

namespace muster::inline comm {

/// "5 elements of type Float".
std::string describe(const Vector& vector);

/// Throws Error unless the vector lies on the CPU.
void require_message(const Vector& vector);

/// Throws Error unless the vector is a message of floats or doubles, as means are taken of, and the mean has
/// its form.
void require_averageable(const Vector& vector, const Vector& mean);

/// Throws Error unless there is one vector for each rank, all of them messages. `what`: "parts" or the like.
void require_one_per_rank(const std::vector<Vector>& vectors, int ranks, const char* what);

}  // namespace muster::inline comm
