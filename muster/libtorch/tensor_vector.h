#pragma once

#include <ATen/core/Tensor.h>

#include "muster/flat/layout.h"
#include "muster/flat/vector.h"

namespace muster::inline libtorch {

/// float32 is at::kFloat, and so on. Throws Error for a type that vectors do not have.
ElementType element_type(at::ScalarType type);
at::ScalarType scalar_type(ElementType type);

/// Zeros, in memory that a tensor's storage holds: tensors of it (tensor_of) follow when the vector exchanges
/// its memory.
Vector storage_vector(int64_t size, ElementType type);

/// The one-dimensional tensor of the same elements; shares memory. Where the vector's memory belongs to no
/// storage, the tensor keeps seeing the bytes that the memory holds now.
at::Tensor tensor_of(const Vector& vector);

/// The vector of a contiguous tensor's elements; shares memory. Throws Error for a tensor that is not
/// contiguous, or of a type that vectors do not have.
Vector vector_of(const at::Tensor& tensor);

/// A zeroed one-dimensional tensor in memory as HostMemory has it.
at::Tensor flat_tensor(int64_t size, at::ScalarType type = at::kFloat);
at::Tensor flat_tensor(int64_t size, ElementType type);

/// The view of one piece, in its shape; shares memory with `flat`.
at::Tensor view_of(const at::Tensor& flat, const Piece& piece);

}  // namespace muster::inline libtorch
