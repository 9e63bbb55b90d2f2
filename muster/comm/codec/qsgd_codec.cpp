#include "muster/comm/codec/qsgd_codec.h"

#include "muster/base/error.h"
#include "muster/base/message_size.h"

namespace muster::inline comm {

namespace {

CodecKind kind_of(int bits) {
  return bits == 8 ? CodecKind::qsgd8 : bits == 4 ? CodecKind::qsgd4 : CodecKind::qsgd2;
}

/// Four words of the key's own stream: each vector gets a random stream of its own; blocks within it are
/// counted.
kernel::QsgdDraws draws_of(const RandomKey& key) {
  RandomStream stream(key);
  kernel::QsgdDraws draws{};
  for (auto* words : {&draws.key, &draws.place})
    for (uint32_t& word : *words) word = stream.next_u32();
  return draws;
}

}  // namespace

QsgdCodec::QsgdCodec(const kernel::QsgdForm& form) : form_(form) {
  invariant(form.bits == 8 || form.bits == 4 || form.bits == 2, "QSGD has 8, 4 or 2 bits for a value");
  invariant(form.bucket >= 64 && form.bucket % 64 == 0, "a QSGD bucket is a multiple of 64 long");
}

int64_t QsgdCodec::message_bytes(int64_t elements) const {
  return muster::message_bytes({.kind = kind_of(form_.bits), .bucket = form_.bucket}, elements);
}

void QsgdCodec::encode_floats(const float* values, int64_t size, const RandomKey& key,
                              uint8_t* message) const {
  kernel::qsgd_encode(values, size, form_, draws_of(key), message);
}

void QsgdCodec::add_floats(const uint8_t* message, int64_t size, float* sum) const {
  kernel::qsgd_add(message, size, form_, sum);
}

}  // namespace muster::inline comm
