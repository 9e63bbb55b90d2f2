#pragma once

#include "muster/comm/codec/float_codec.h"

namespace muster::inline comm {

/// IEEE 754 binary16, 2 bytes for each value, rounded to nearest even: relative error at most 2^-11 from 6e-5
/// to 65504. Larger values become infinite; below 6e-5 the absolute error is at most 3e-8. Draws nothing.
class Fp16Codec final : public FloatCodec {
 public:
  int64_t message_bytes(int64_t elements) const override;

 private:
  void encode_floats(const float* values, int64_t size, const RandomKey& key,
                     uint8_t* message) const override;
  void add_floats(const uint8_t* message, int64_t size, float* sum) const override;
};

/// bfloat16: 2 bytes for each value, rounded to nearest even: relative error at most 2^-8 over the whole
/// range of floats. Draws nothing.
class Bf16Codec final : public FloatCodec {
 public:
  int64_t message_bytes(int64_t elements) const override;

 private:
  void encode_floats(const float* values, int64_t size, const RandomKey& key,
                     uint8_t* message) const override;
  void add_floats(const uint8_t* message, int64_t size, float* sum) const override;
};

}  // namespace muster::inline comm
