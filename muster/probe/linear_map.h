#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

namespace muster::inline probe {

/// A symmetric matrix that is known by its products alone: out <- A vector, both flat and of one size and
/// type.
using LinearMap = std::function<void(const at::Tensor& vector, at::Tensor& out)>;

/// A vector whose entries are +1 or -1, a function of the key.
at::Tensor random_signs(int64_t size, at::ScalarType type, uint64_t seed, uint64_t index);

}  // namespace muster::inline probe
