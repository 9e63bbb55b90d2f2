#include "muster/flat/arithmetic_kernel.h"

#include "muster/base/clones.h"

namespace muster::kernel {

MUSTER_CLONES void subtract(const float* a, const float* b, float* out, int64_t size) {
  for (int64_t i = 0; i < size; ++i) out[i] = a[i] - b[i];
}

MUSTER_CLONES void subtract(const double* a, const double* b, double* out, int64_t size) {
  for (int64_t i = 0; i < size; ++i) out[i] = a[i] - b[i];
}

MUSTER_CLONES void add(float* to, const float* what, int64_t size) {
  for (int64_t i = 0; i < size; ++i) to[i] += what[i];
}

MUSTER_CLONES void add(double* to, const double* what, int64_t size) {
  for (int64_t i = 0; i < size; ++i) to[i] += what[i];
}

MUSTER_CLONES void add(double* to, const float* what, int64_t size) {
  for (int64_t i = 0; i < size; ++i) to[i] += static_cast<double>(what[i]);
}

MUSTER_CLONES void negate(float* values, int64_t size) {
  for (int64_t i = 0; i < size; ++i) values[i] = -values[i];
}

MUSTER_CLONES void negate(double* values, int64_t size) {
  for (int64_t i = 0; i < size; ++i) values[i] = -values[i];
}

MUSTER_CLONES void multiply(float* values, float by, int64_t size) {
  for (int64_t i = 0; i < size; ++i) values[i] *= by;
}

MUSTER_CLONES void multiply(double* values, double by, int64_t size) {
  for (int64_t i = 0; i < size; ++i) values[i] *= by;
}

MUSTER_CLONES void divide(float* values, float by, int64_t size) {
  for (int64_t i = 0; i < size; ++i) values[i] /= by;
}

MUSTER_CLONES void divide(double* values, double by, int64_t size) {
  for (int64_t i = 0; i < size; ++i) values[i] /= by;
}

MUSTER_CLONES void convert(const double* from, float* to, int64_t size) {
  for (int64_t i = 0; i < size; ++i) to[i] = static_cast<float>(from[i]);
}

}  // namespace muster::kernel
