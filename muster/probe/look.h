#pragma once

#include <map>
#include <string>

#include "muster/probe/probed_loss.h"
#include "muster/report/probe_request.h"

namespace muster {

/// What a probe found, by name; a number that cannot be told is NaN.
using ProbeValues = std::map<std::string, double>;

/// sharpness: `largest_eigenvalue`, `eigenvalue_residual`, `hessian_trace`, `hessian_trace_error`.
/// noise: `gradient_noise_trace`, `gradient_noise_trace_error`, `gradient_squared`, `noise_scale`.
/// At the parameters that `loss` was given. REQUIRES: sharpness or noise.
ProbeValues look(ProbedLoss& loss, const ProbeRequest& request, uint64_t seed);

/// `distance` |now - start| and `relative_distance`, in units of |start|.
ProbeValues distance_from(const at::Tensor& start, const at::Tensor& now);

}  // namespace muster
