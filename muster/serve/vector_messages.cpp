#include "muster/serve/vector_messages.h"

#include "muster/comm/codec/make_codec.h"
#include "muster/flat/vector.h"

namespace muster::inline serve {

VectorMessages::VectorMessages(const std::optional<CodecOptions>& codec, ElementType type, int64_t elements)
    : codec_(codec ? make_codec(*codec, type) : nullptr),
      type_(type),
      elements_(elements),
      bytes_(codec_ ? codec_->message_bytes(elements) : elements * bytes_of(type)) {}

Vector VectorMessages::encode(const Vector& vector, const RandomKey& key) const {
  require_flat(vector, elements_, type_, "vector to send");
  return codec_ ? codec_->encode(vector, key) : vector;
}

Vector VectorMessages::room() const {
  if (!codec_) return flat_vector(elements_, type_);
  return flat_vector(bytes_, ElementType::byte);
}

Vector VectorMessages::decode(const Vector& message) const {
  if (!codec_) return message;
  Vector vector = flat_vector(elements_, type_);
  codec_->decode_add(message, vector);
  return vector;
}

std::string_view bytes_of(const Vector& message) {
  return {static_cast<const char*>(message.host()), static_cast<size_t>(message.bytes())};
}

}  // namespace muster::inline serve
