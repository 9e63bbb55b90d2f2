#include "muster/probe/look.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include "muster/base/error.h"
#include "muster/probe/gradient_noise.h"
#include "muster/probe/lanczos.h"
#include "muster/probe/trace.h"

namespace muster::inline probe {

namespace {

ProbeValues sharpness(ProbedLoss& loss, const ProbeRequest& request, uint64_t seed) {
  const LinearMap hessian = loss.hessian();
  const Eigenvalue top = largest_eigenvalue(hessian, loss.size(), loss.type(),
                                            {.most_products = request.products, .seed = seed});
  ProbeValues values = {{"largest_eigenvalue", top.value}, {"eigenvalue_residual", top.residual}};
  if (request.vectors == 0) return values;
  const TraceEstimate trace = estimate_trace(hessian, loss.size(), loss.type(), request.vectors, seed);
  values["hessian_trace"] = trace.value;
  values["hessian_trace_error"] = trace.standard_error;
  return values;
}

ProbeValues noise(ProbedLoss& loss) {
  const GradientNoise found = measure_gradient_noise(loss);
  return {{"gradient_noise_trace", found.trace},
          {"gradient_noise_trace_error", found.trace_error},
          {"gradient_squared", found.gradient_squared},
          {"noise_scale", found.noise_scale}};
}

}  // namespace

ProbeValues look(ProbedLoss& loss, const ProbeRequest& request, uint64_t seed) {
  invariant(request.kind == ProbeKind::sharpness || request.kind == ProbeKind::noise,
            "this probe does not look at the loss");
  return request.kind == ProbeKind::sharpness ? sharpness(loss, request, seed) : noise(loss);
}

ProbeValues distance_from(const at::Tensor& start, const at::Tensor& now) {
  const double distance = (now.to(at::kDouble) - start.to(at::kDouble)).norm().item<double>();
  return {{"distance", distance},
          {"relative_distance", distance / start.to(at::kDouble).norm().item<double>()}};
}

}  // namespace muster::inline probe
