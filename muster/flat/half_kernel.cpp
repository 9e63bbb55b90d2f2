#include "muster/flat/half_kernel.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "muster/base/clones.h"

namespace muster::kernel {

namespace {

static_assert(std::endian::native == std::endian::little, "messages hold the bytes of little-endian numbers");

/// Without branches (after M. Dukhan's FP16): scaling up and down makes too large magnitudes infinite; adding
/// a power of two chosen by the exponent makes the processor round at binary16's last bit.
[[gnu::always_inline]] inline uint16_t to_fp16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value), twice = bits + bits;
  const float scaled = (std::fabs(value) * 0x1.0p+112F) * 0x1.0p-110F;
  const uint32_t exponent = twice & 0xFF000000U, bias = exponent < 0x71000000U ? 0x71000000U : exponent;
  const uint32_t rounded = std::bit_cast<uint32_t>(std::bit_cast<float>((bias >> 1) + 0x07800000U) + scaled);
  const uint32_t magnitude = ((rounded >> 13) & 0x7C00U) + (rounded & 0x0FFFU);
  return static_cast<uint16_t>(((bits >> 16) & 0x8000U) | (twice > 0xFF000000U ? 0x7E00U : magnitude));
}

/// A multiplication corrects the exponent of normal numbers; subnormal ones are the mantissa of 0.5 + x.
[[gnu::always_inline]] inline float from_fp16(uint16_t half) {
  const uint32_t bits = uint32_t{half} << 16, twice = bits + bits;
  const float normal = std::bit_cast<float>((twice >> 4) + (0xE0U << 23)) * 0x1.0p-112F;
  const float small = std::bit_cast<float>((twice >> 17) | (126U << 23)) - 0.5F;
  const uint32_t magnitude = std::bit_cast<uint32_t>(twice < (1U << 27) ? small : normal);
  return std::bit_cast<float>((bits & 0x80000000U) | magnitude);
}

[[gnu::always_inline]] inline uint16_t to_bf16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t rounded = (bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16;
  return static_cast<uint16_t>((bits & 0x7FFFFFFFU) > 0x7F800000U ? 0x7FC0U : rounded);
}

[[gnu::always_inline]] inline float from_bf16(uint16_t half) {
  return std::bit_cast<float>(uint32_t{half} << 16);
}

template <class Convert>
[[gnu::always_inline]] inline void encode(const float* values, int64_t size, uint8_t* __restrict message,
                                          Convert convert) {
  for (int64_t i = 0; i < size; ++i) {
    const uint16_t half = convert(values[i]);
    std::memcpy(message + 2 * i, &half, 2);
  }
}

template <class Convert>
[[gnu::always_inline]] inline void add(const uint8_t* message, int64_t size, float* __restrict sum,
                                       Convert convert) {
  for (int64_t i = 0; i < size; ++i) {
    uint16_t half;
    std::memcpy(&half, message + 2 * i, 2);
    sum[i] += convert(half);
  }
}

}  // namespace

MUSTER_CLONES void fp16_encode(const float* values, int64_t size, uint8_t* message) {
  encode(
      values, size, message, [](float value) __attribute__((always_inline)) { return to_fp16(value); });
}

MUSTER_CLONES void bf16_encode(const float* values, int64_t size, uint8_t* message) {
  encode(
      values, size, message, [](float value) __attribute__((always_inline)) { return to_bf16(value); });
}

MUSTER_CLONES void fp16_add(const uint8_t* message, int64_t size, float* sum) {
  add(
      message, size, sum, [](uint16_t half) __attribute__((always_inline)) { return from_fp16(half); });
}

MUSTER_CLONES void bf16_add(const uint8_t* message, int64_t size, float* sum) {
  add(
      message, size, sum, [](uint16_t half) __attribute__((always_inline)) { return from_bf16(half); });
}

}  // namespace muster::kernel
