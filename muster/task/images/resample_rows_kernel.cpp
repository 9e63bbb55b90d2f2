#include "muster/task/images/resample_rows_kernel.h"

#include <cstring>

#include "muster/base/clones.h"

namespace muster::inline task {

namespace {

// Red, green, blue and the neighbour's red.
using Four = float __attribute__((vector_size(16)));

Four load(const float* at) {
  Four four;
  std::memcpy(&four, at, sizeof(four));
  return four;
}

}  // namespace

MUSTER_CLONES void weigh_row(const uint8_t* row, int64_t size, float weight, bool add, float* sum) {
  if (add)
    for (int64_t i = 0; i < size; ++i) sum[i] += weight * static_cast<float>(row[i]);
  else
    for (int64_t i = 0; i < size; ++i) sum[i] = weight * static_cast<float>(row[i]);
}

void gather_row(const float* row, const int32_t* first, const int32_t* count, const float* weights,
                int64_t most, int64_t outputs, float* out) {
  for (int64_t i = 0; i < outputs; ++i, weights += most, out += 3) {
    const float* pixel = row + 3 * static_cast<int64_t>(first[i]);
    Four sum = {0, 0, 0, 0};
    for (int32_t k = 0; k < count[i]; ++k, pixel += 3) sum += load(pixel) * weights[k];
    std::memcpy(out, &sum, 3 * sizeof(float));
  }
}

}  // namespace muster::inline task
