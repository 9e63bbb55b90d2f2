#include "muster/flat/norm_kernel.h"

#include "muster/base/clones.h"
#include "muster/flat/prefetch.h"

namespace muster::kernel {

namespace {

constexpr int lanes = 64;

template <class T>
[[gnu::always_inline]] inline double squares(const T* values, int64_t size) {
  double sums[lanes] = {};
  int64_t at = 0;
  for (; at + lanes <= size; at += lanes) {
    prefetch_ahead(values + at, lanes * sizeof(T));
    for (int i = 0; i < lanes; ++i) {
      const double value = static_cast<double>(values[at + i]);
      sums[i] += value * value;
    }
  }
  double total = 0;
  for (const double sum : sums) total += sum;
  for (; at < size; ++at) total += static_cast<double>(values[at]) * static_cast<double>(values[at]);
  return total;
}

}  // namespace

MUSTER_CLONES double sum_of_squares(const float* values, int64_t size) { return squares(values, size); }

MUSTER_CLONES double sum_of_squares(const double* values, int64_t size) { return squares(values, size); }

}  // namespace muster::kernel
