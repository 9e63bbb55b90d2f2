#include "muster/comm/float_codec.h"

#include <ATen/ATen.h>

#include "muster/comm/codec_check.h"

namespace muster {

at::Tensor FloatCodec::encode(const at::Tensor& vector, const RandomKey& key) const {
  require_codable(vector);
  const at::Tensor values = vector.to(at::kFloat);
  at::Tensor message = at::empty({message_bytes(values.numel())}, at::kByte);
  encode_floats(values.data_ptr<float>(), values.numel(), key, message.data_ptr<uint8_t>());
  return message;
}

void FloatCodec::decode_add(const at::Tensor& message, at::Tensor& sum) const {
  require_codable(sum);
  require_length(message, message_bytes(sum.numel()), sum.numel());
  if (sum.scalar_type() == at::kFloat)
    return add_floats(message.data_ptr<uint8_t>(), sum.numel(), sum.data_ptr<float>());
  const at::Tensor decoded = at::zeros({sum.numel()}, at::kFloat);
  add_floats(message.data_ptr<uint8_t>(), sum.numel(), decoded.data_ptr<float>());
  sum.add_(decoded);
}

}  // namespace muster
