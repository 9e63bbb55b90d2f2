#pragma once

#include <array>
#include <cstdint>

namespace muster::kernel {

/// Shape of a QSGD message, see QsgdCodec.
struct QsgdForm {
  int bits;        ///< 8, 4 or 2 for each value, sign included
  int64_t bucket;  ///< values that share a scale; a multiple of 64
  bool two_norm;   ///< scale of a bucket: its 2-norm, else its largest magnitude
  bool nearest;    ///< round to the nearest level (of two, the larger magnitude), else at random
};

/// Where the random numbers of one encoding come from: Philox4x32-10 under `key`, at the counters
/// {block, block / 2^32, place[0], place[1]}. Element i of the vector uses word (i / 32) % 4 of block
/// 16 (i / 128) + i % 16: its low half where (i / 16) % 2 is 0, else its high half.
struct QsgdDraws {
  std::array<uint32_t, 2> key, place;
};

/// Writes the scales (float) of all buckets and behind them the codes: two's complement, `bits` wide, element
/// by element from the lowest bits of the first byte on.
void qsgd_encode(const float* values, int64_t size, const QsgdForm& form, const QsgdDraws& draws,
                 uint8_t* message);

/// sum_i += scale / s * code_i.
void qsgd_add(const uint8_t* message, int64_t size, const QsgdForm& form, float* sum);

}  // namespace muster::kernel
