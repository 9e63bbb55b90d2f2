#include "muster/serve/vector_messages.h"

#include "muster/comm/make_codec.h"
#include "muster/flat/flat_buffer.h"

namespace muster {

VectorMessages::VectorMessages(const std::optional<CodecOptions>& codec, at::ScalarType type,
                               int64_t elements)
    : codec_(codec ? make_codec(*codec, type) : nullptr),
      type_(type),
      elements_(elements),
      bytes_(codec_ ? codec_->message_bytes(elements)
                    : elements * static_cast<int64_t>(c10::elementSize(type))) {}

at::Tensor VectorMessages::encode(const at::Tensor& vector, const RandomKey& key) const {
  require_flat(vector, elements_, type_, "vector to send");
  return codec_ ? codec_->encode(vector, key) : vector;
}

at::Tensor VectorMessages::room() const {
  if (!codec_) return flat_vector(elements_, type_);
  return flat_vector((bytes_ + 3) / 4, at::kFloat).view(at::kByte).narrow(0, 0, bytes_);
}

at::Tensor VectorMessages::decode(const at::Tensor& message) const {
  if (!codec_) return message;
  at::Tensor vector = flat_vector(elements_, type_);
  codec_->decode_add(message, vector);
  return vector;
}

std::string_view bytes_of(const at::Tensor& message) {
  return {static_cast<const char*>(message.data_ptr()), message.nbytes()};
}

}  // namespace muster
