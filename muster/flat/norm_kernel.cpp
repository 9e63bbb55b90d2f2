#include "muster/flat/norm_kernel.h"

#include "muster/base/clones.h"

namespace muster::kernel {

namespace {

// Eight sums side by side: as many as a vector register holds.
template <class T>
[[gnu::always_inline]] inline double squares(const T* values, int64_t size) {
  constexpr int64_t lanes = 8;
  double sums[lanes] = {};
  int64_t at = 0;
  for (; at + lanes <= size; at += lanes)
    for (int64_t lane = 0; lane < lanes; ++lane) {
      const auto value = static_cast<double>(values[at + lane]);
      sums[lane] += value * value;
    }
  for (int64_t lane = 0; at < size; ++at, ++lane) {
    const auto value = static_cast<double>(values[at]);
    sums[lane] += value * value;
  }
  double sum = 0;
  for (const double one : sums) sum += one;
  return sum;
}

}  // namespace

MUSTER_CLONES double sum_of_squares(const float* values, int64_t size) { return squares(values, size); }
MUSTER_CLONES double sum_of_squares(const double* values, int64_t size) { return squares(values, size); }

}  // namespace muster::kernel
