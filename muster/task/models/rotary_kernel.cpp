#include "muster/task/models/rotary_kernel.h"

#include "muster/base/clones.h"

namespace muster::kernel {

namespace {

template <class T>
[[gnu::always_inline]] inline void rotate_pairs(T* __restrict vector, int64_t vectors, int64_t width,
                                                const T* __restrict angles, T sign) {
  for (int64_t v = 0; v < vectors; ++v, vector += width)
    for (int64_t i = 0; i < width; i += 2) {
      const T a = vector[i], b = vector[i + 1];
      const T cosine = angles[i], sine = sign * angles[i + 1];
      vector[i] = a * cosine - b * sine;
      vector[i + 1] = b * cosine + a * sine;
    }
}

}  // namespace

MUSTER_CLONES void rotate(float* vector, int64_t vectors, int64_t width, const float* angles, float sign) {
  rotate_pairs(vector, vectors, width, angles, sign);
}
MUSTER_CLONES void rotate(double* vector, int64_t vectors, int64_t width, const double* angles, double sign) {
  rotate_pairs(vector, vectors, width, angles, sign);
}

}  // namespace muster::kernel
