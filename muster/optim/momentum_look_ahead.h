#pragma once

#include <ATen/core/Tensor.h>

namespace muster {

/// parameters -= rate * momentum: where a step without a new gradient would lead.
void look_ahead_along(at::Tensor& parameters, const at::Tensor& momentum, double rate);

}  // namespace muster
