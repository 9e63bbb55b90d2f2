#pragma once

#include <cstdint>

namespace muster::kernel {

/// Writes the scales (float) of all blocks and behind them one int8 for each value, see BlockInt8Codec.
void block_int8_encode(const float* values, int64_t size, int64_t block, uint8_t* message);

/// sum_i += scale / 127 * code_i.
void block_int8_add(const uint8_t* message, int64_t size, int64_t block, float* sum);

}  // namespace muster::kernel
