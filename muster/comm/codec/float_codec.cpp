#include "muster/comm/codec/float_codec.h"

#include "muster/comm/codec/codec_check.h"
#include "muster/flat/arithmetic.h"
#include "muster/flat/vector.h"

namespace muster::inline comm {

Vector FloatCodec::encode(const Vector& vector, const RandomKey& key) const {
  require_codable(vector);
  const Vector values = as_float32(vector);
  Vector message = uninitialised_vector(message_bytes(values.size()), ElementType::byte);
  encode_floats(values.data<float>(), values.size(), key, message.data<uint8_t>());
  return message;
}

void FloatCodec::decode_add(const Vector& message, Vector& sum) const {
  require_codable(sum);
  require_length(message, message_bytes(sum.size()), sum.size());
  if (sum.type() == ElementType::float32)
    return add_floats(message.data<uint8_t>(), sum.size(), sum.data<float>());
  const Vector decoded = flat_vector(sum.size(), ElementType::float32);
  add_floats(message.data<uint8_t>(), sum.size(), decoded.data<float>());
  add(sum, decoded);
}

}  // namespace muster::inline comm
