#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace muster {

/// Throws Error unless the vector is one that codecs take: floats or doubles, contiguous, one-dimensional, on
/// the CPU.
void require_codable(const at::Tensor& vector);

/// Throws Error unless the message is contiguous bytes, `expected` of them, for a vector of `elements`.
void require_length(const at::Tensor& message, int64_t expected, int64_t elements);

}  // namespace muster
