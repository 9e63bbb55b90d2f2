#pragma once

#include <cstdint>

namespace muster::kernel {

/// IEEE 754 binary16 and bfloat16 (the upper half of a float), rounded to nearest, ties to even. 2 bytes for
/// each value.
void fp16_encode(const float* values, int64_t size, uint8_t* message);
void bf16_encode(const float* values, int64_t size, uint8_t* message);

/// sum_i += value i of the message.
void fp16_add(const uint8_t* message, int64_t size, float* sum);
void bf16_add(const uint8_t* message, int64_t size, float* sum);

}  // namespace muster::kernel
