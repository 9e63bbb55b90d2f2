#pragma once

#include "muster/comm/codec/float_codec.h"

namespace muster::inline comm {

/// One byte for each value, a float scale for each block of consecutive values (the last one may be shorter):
///   C(v)_i = m / 127 * round(127 v_i / m),   m = the block's largest magnitude
/// rounded to the nearest, ties to even: |C(v)_i - v_i| <= m / 254. Draws nothing. A block that holds Inf or
/// NaN comes out as NaN, one whose m is below 1e-30 as zeros.
class BlockInt8Codec final : public FloatCodec {
 public:
  /// REQUIRES: block >= 1.
  explicit BlockInt8Codec(int64_t block);
  int64_t message_bytes(int64_t elements) const override;

 private:
  void encode_floats(const float* values, int64_t size, const RandomKey& key,
                     uint8_t* message) const override;
  void add_floats(const uint8_t* message, int64_t size, float* sum) const override;

  int64_t block_;
};

}  // namespace muster::inline comm
