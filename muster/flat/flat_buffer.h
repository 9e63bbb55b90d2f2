#pragma once

#include <ATen/core/Tensor.h>

#include "muster/flat/layout.h"

namespace muster {

/// A zeroed contiguous vector on the CPU whose memory begins on a 64-byte boundary (2 MiB and backed by huge
/// pages where the system grants them, from 4 MiB on). Throws Error when the memory cannot be had.
at::Tensor flat_vector(int64_t size, at::ScalarType type = at::kFloat);

/// Two vectors of one size and type exchange what they hold, without moving it: all views of either see the
/// other's memory from then on. Pointers taken before (data_ptr) do not follow. False, and nothing happens,
/// where one of them is only a part of its memory.
bool exchange_memory(at::Tensor& a, at::Tensor& b);

/// The view of one piece, in its shape; shares memory with `flat`.
at::Tensor view_of(const at::Tensor& flat, const Piece& piece);

/// REQUIRES-style check: `vector` is a contiguous one-dimensional CPU vector of this size and type, float or
/// double. Throws Bug with `what` (the vector's role) otherwise.
void require_flat(const at::Tensor& vector, int64_t size, at::ScalarType type, const char* what);

}  // namespace muster
