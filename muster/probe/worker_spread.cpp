#include "muster/probe/worker_spread.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <cmath>
#include <limits>

namespace muster::inline probe {

WorkerSums sums_over_workers(const std::vector<at::Tensor>& workers, const at::Tensor& start,
                             const at::Tensor& mean) {
  WorkerSums sums;
  sums.units = at::zeros(start.sizes(), at::kDouble);
  for (const at::Tensor& worker : workers) {
    const at::Tensor now = worker.to(at::kDouble), outer = start.to(at::kDouble) - now;
    const double squared = outer.square().sum().item<double>();
    sums.squared_distance += (now - mean.to(at::kDouble)).square().sum().item<double>();
    sums.squared_length += squared;
    sums.workers += 1;
    if (squared == 0) continue;
    sums.units.add_(outer, 1 / std::sqrt(squared));
    sums.moved += 1;
  }
  return sums;
}

WorkerSpread spread_of(const WorkerSums& sums) {
  const double pairs = sums.moved * (sums.moved - 1);
  const double together = sums.units.square().sum().item<double>();
  return {sums.squared_distance / sums.workers, std::sqrt(sums.squared_length / sums.workers),
          pairs > 0 ? (together - sums.moved) / pairs : std::numeric_limits<double>::quiet_NaN()};
}

}  // namespace muster::inline probe
