#include "muster/comm/full_codec.h"

#include <ATen/ATen.h>

#include <cstring>

#include "muster/base/error.h"
#include "muster/comm/codec_check.h"
#include "muster/comm/message_check.h"

namespace muster {

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

FullCodec::FullCodec(at::ScalarType type) : type_(type) {
  invariant(type == at::kFloat || type == at::kDouble, "vectors are of Float or Double");
}

void FullCodec::require_own_type(const at::Tensor& vector) const {
  require_codable(vector);
  if (vector.scalar_type() != type_)
    throw Error("a codec for numbers of type " + std::string(c10::toString(type_)) + " was given " +
                describe(vector));
}

at::Tensor FullCodec::encode(const at::Tensor& vector, const RandomKey&) const {
  require_own_type(vector);
  at::Tensor message = at::empty({message_bytes(vector.numel())}, at::kByte);
  if (message.numel() > 0) std::memcpy(message.data_ptr(), vector.data_ptr(), message.nbytes());
  return message;
}

void FullCodec::decode_add(const at::Tensor& message, at::Tensor& sum) const {
  require_own_type(sum);
  require_length(message, message_bytes(sum.numel()), sum.numel());
  if (type_ == at::kFloat)
    add(message.data_ptr<uint8_t>(), sum.numel(), sum.data_ptr<float>());
  else
    add(message.data_ptr<uint8_t>(), sum.numel(), sum.data_ptr<double>());
}

int64_t FullCodec::message_bytes(int64_t elements) const {
  return elements * static_cast<int64_t>(c10::elementSize(type_));
}

}  // namespace muster
