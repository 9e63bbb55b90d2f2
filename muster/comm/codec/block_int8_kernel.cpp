#include "muster/comm/codec/block_int8_kernel.h"

#include <cmath>
#include <cstring>

#include "muster/base/clones.h"
#include "muster/comm/codec/largest_magnitude.h"

namespace muster::kernel {

namespace {

constexpr float levels = 127;
// 1.5 * 2^23: a sum with it has no bits for fractions, so the processor rounds to the nearest integer (ties
// to even), which the lowest bits then hold.
constexpr float rounder = 12582912.0F;

}  // namespace

MUSTER_CLONES void block_int8_encode(const float* values, int64_t size, int64_t block, uint8_t* message) {
  uint8_t* const codes = message + 4 * ((size + block - 1) / block);
  for (int64_t begin = 0; begin < size; begin += block, message += 4) {
    const int64_t end = std::min(size, begin + block);
    float scale = largest_magnitude(values + begin, end - begin);
    if (scale < smallest_scale) scale = 0;
    std::memcpy(message, &scale, 4);
    // The scale is sent as it is, and 0 times an infinite scale is NaN: Inf or NaN makes the whole block NaN.
    const float inverse = scale == 0 || !std::isfinite(scale) ? 0 : levels / scale;
    if (inverse == 0) {
      std::memset(codes + begin, 0, static_cast<size_t>(end - begin));
      continue;
    }
    for (int64_t i = begin; i < end; ++i)
      codes[i] = static_cast<uint8_t>(std::bit_cast<uint32_t>(values[i] * inverse + rounder));
  }
}

MUSTER_CLONES void block_int8_add(const uint8_t* message, int64_t size, int64_t block,
                                  float* __restrict sum) {
  const uint8_t* const codes = message + 4 * ((size + block - 1) / block);
  for (int64_t begin = 0; begin < size; begin += block, message += 4) {
    const int64_t end = std::min(size, begin + block);
    float scale;
    std::memcpy(&scale, message, 4);
    const float unit = scale / levels;
    for (int64_t i = begin; i < end; ++i) sum[i] += unit * static_cast<float>(static_cast<int8_t>(codes[i]));
  }
}

}  // namespace muster::kernel
