#include "muster/task/samplers/dirichlet.h"

#include <algorithm>
#include <cmath>

#include "muster/base/error.h"

namespace muster::inline task {

double log_gamma_variate(double shape, RandomStream& stream) {
  if (shape < 1) {
    const double larger = log_gamma_variate(shape + 1, stream);
    return larger + std::log(1.0 - stream.uniform()) / shape;
  }
  const double d = shape - 1.0 / 3.0, c = 1.0 / std::sqrt(9.0 * d);
  while (true) {
    const double x = stream.normal(), root = 1.0 + c * x;
    const double u = 1.0 - stream.uniform();
    if (root <= 0) continue;
    const double v = root * root * root;
    if (std::log(u) < 0.5 * x * x + d - d * v + d * std::log(v)) return std::log(d * v);
  }
}

std::vector<double> dirichlet_variate(double alpha, int64_t parts, RandomStream& stream) {
  invariant(alpha > 0 && parts >= 1, "a Dirichlet distribution needs alpha > 0 and at least one part");
  std::vector<double> shares(static_cast<size_t>(parts));
  for (double& share : shares) share = log_gamma_variate(alpha, stream);
  const double largest = *std::max_element(shares.begin(), shares.end());
  double sum = 0;
  for (double& share : shares) sum += share = std::exp(share - largest);
  for (double& share : shares) share /= sum;
  return shares;
}

}  // namespace muster::inline task
