#pragma once

#include <map>
#include <string>

#include "muster/probe/probed_loss.h"
#include "muster/report/probe_request.h"

namespace muster::inline probe {

/// A probe's values by name; NaN for a number that cannot be determined.
using ProbeValues = std::map<std::string, double>;

/// sharpness: `largest_eigenvalue`, `eigenvalue_residual`, `hessian_trace`, `hessian_trace_error`.
/// noise: `gradient_noise_trace`, `gradient_noise_trace_error`, `gradient_squared`, `noise_scale`.
/// At the parameters that `loss` was given. REQUIRES: sharpness or noise.
ProbeValues look(ProbedLoss& loss, const ProbeRequest& request, uint64_t seed);

/// `distance` |now - start| and `relative_distance`, in units of |start|.
ProbeValues distance_from(const at::Tensor& start, const at::Tensor& now);

}  // namespace muster::inline probe
