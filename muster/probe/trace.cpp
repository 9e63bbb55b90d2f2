#include "muster/probe/trace.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <cmath>

#include "muster/base/error.h"

namespace muster::inline probe {

TraceEstimate estimate_trace(const LinearMap& matrix, int64_t size, at::ScalarType type, int64_t vectors,
                             uint64_t seed) {
  invariant(vectors >= 1, "a trace was estimated from no vector");
  at::Tensor product = at::empty({size}, at::TensorOptions(type));
  double mean = 0, squares = 0;
  for (int64_t i = 0; i < vectors; ++i) {
    const at::Tensor signs = random_signs(size, type, seed, static_cast<uint64_t>(i) + 1);
    matrix(signs, product);
    const double sample = (signs * product).sum(at::kDouble).item<double>();
    const double step = sample - mean;
    mean += step / static_cast<double>(i + 1);
    squares += step * (sample - mean);
  }
  const auto count = static_cast<double>(vectors);
  return {mean, vectors > 1 ? std::sqrt(squares / (count - 1) / count) : 0, vectors};
}

}  // namespace muster::inline probe
