#include "muster/comm/codec/full_codec.h"

#include <cstring>

#include "muster/base/error.h"
#include "muster/comm/codec/codec_check.h"
#include "muster/comm/codec/message_check.h"
#include "muster/flat/vector.h"

namespace muster::inline comm {

namespace {

/// A message may begin at any address.
template <class T>
void add(const uint8_t* message, int64_t size, T* sum) {
  for (int64_t i = 0; i < size; ++i) {
    T value;
    std::memcpy(&value, message + i * static_cast<int64_t>(sizeof(T)), sizeof value);
    sum[i] += value;
  }
}

}  // namespace

FullCodec::FullCodec(ElementType type) : type_(type) {
  invariant(type == ElementType::float32 || type == ElementType::float64, "vectors are of Float or Double");
}

void FullCodec::require_own_type(const Vector& vector) const {
  require_codable(vector);
  if (vector.type() != type_)
    throw Error("a codec for numbers of type " + std::string(name_of(type_)) + " was given " +
                describe(vector));
}

Vector FullCodec::encode(const Vector& vector, const RandomKey&) const {
  require_own_type(vector);
  Vector message = uninitialised_vector(message_bytes(vector.size()), ElementType::byte);
  if (message.size() > 0) std::memcpy(message.host(), vector.host(), static_cast<size_t>(message.bytes()));
  return message;
}

void FullCodec::decode_add(const Vector& message, Vector& sum) const {
  require_own_type(sum);
  require_length(message, message_bytes(sum.size()), sum.size());
  if (type_ == ElementType::float32)
    add(message.data<uint8_t>(), sum.size(), sum.data<float>());
  else
    add(message.data<uint8_t>(), sum.size(), sum.data<double>());
}

int64_t FullCodec::message_bytes(int64_t elements) const { return elements * bytes_of(type_); }

}  // namespace muster::inline comm
