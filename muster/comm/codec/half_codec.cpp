#include "muster/comm/codec/half_codec.h"

#include "muster/base/message_size.h"
#include "muster/flat/half_kernel.h"

namespace muster::inline comm {

int64_t Fp16Codec::message_bytes(int64_t elements) const {
  return muster::message_bytes({.kind = CodecKind::fp16}, elements);
}

void Fp16Codec::encode_floats(const float* values, int64_t size, const RandomKey&, uint8_t* message) const {
  kernel::fp16_encode(values, size, message);
}

void Fp16Codec::add_floats(const uint8_t* message, int64_t size, float* sum) const {
  kernel::fp16_add(message, size, sum);
}

int64_t Bf16Codec::message_bytes(int64_t elements) const {
  return muster::message_bytes({.kind = CodecKind::bf16}, elements);
}

void Bf16Codec::encode_floats(const float* values, int64_t size, const RandomKey&, uint8_t* message) const {
  kernel::bf16_encode(values, size, message);
}

void Bf16Codec::add_floats(const uint8_t* message, int64_t size, float* sum) const {
  kernel::bf16_add(message, size, sum);
}

}  // namespace muster::inline comm
