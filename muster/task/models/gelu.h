#pragma once

#include <ATen/core/Tensor.h>

namespace muster::inline task {

/// GELU in the form of GPT-2: x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) (Hendrycks and Gimpel, 2016),
/// element by element; float, double or bf16 (computed in float).
at::Tensor tanh_gelu(const at::Tensor& x);

}  // namespace muster::inline task
