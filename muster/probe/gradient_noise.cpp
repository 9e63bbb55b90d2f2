#include "muster/probe/gradient_noise.h"

#include <ATen/Functions.h>

#include <cmath>
#include <limits>
#include <vector>

#include "muster/base/error.h"

namespace muster::inline probe {

// Two passes, so that only the mean is kept beside the present gradient.
GradientNoise measure_gradient_noise(ProbedLoss& loss) {
  const int64_t count = loss.batches();
  invariant(count >= 2, "the noise of the gradient needs two batches");
  const auto batches = static_cast<double>(count), batch = static_cast<double>(loss.batch_size());
  GradientNoise noise;
  at::Tensor mean = at::zeros({loss.size()}, at::kDouble);
  for (int64_t i = 0; i < count; ++i) {
    noise.loss += loss.loss_and_gradient(i) / batches;
    mean.add_(loss.gradient().to(at::kDouble), 1.0 / batches);
  }
  std::vector<double> distances;
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    loss.loss_and_gradient(i);
    distances.push_back(at::sub(loss.gradient().to(at::kDouble), mean).square_().sum().item<double>());
    sum += distances.back();
  }
  double spread = 0;
  for (const double distance : distances) spread += std::pow(distance - sum / batches, 2);
  noise.trace = batch * sum / (batches - 1);
  noise.trace_error = batch * batches / (batches - 1) * std::sqrt(spread / (batches - 1) / batches);
  noise.gradient_squared = mean.square().sum().item<double>() - noise.trace / (batch * batches);
  noise.noise_scale = noise.gradient_squared > 0 ? noise.trace / noise.gradient_squared
                                                 : std::numeric_limits<double>::infinity();
  return noise;
}

}  // namespace muster::inline probe
