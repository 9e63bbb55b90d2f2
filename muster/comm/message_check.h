#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

namespace muster {

/// "5 elements of type Float".
std::string describe(const at::Tensor& vector);

/// Throws Error unless the vector is a contiguous one-dimensional CPU vector.
void require_message(const at::Tensor& vector);

/// Throws Error unless the vector is a message of floats or doubles, as means are taken of, and the mean has
/// its form.
void require_averageable(const at::Tensor& vector, const at::Tensor& mean);

/// Throws Error unless there is one vector for each rank, all of them messages. `what`: "parts" or the like.
void require_one_per_rank(const std::vector<at::Tensor>& vectors, int ranks, const char* what);

/// True when `a` can be copied into `b` as it is: the same length and type.
bool same_form(const at::Tensor& a, const at::Tensor& b);

}  // namespace muster
