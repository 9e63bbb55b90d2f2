#pragma once

#include "muster/comm/codec/make_codec.h"
#include "tests/contract/codec_contract.h"

namespace muster::test {

inline CodecOptions qsgd(CodecKind kind, int64_t bucket, QsgdScale scale = QsgdScale::max) {
  return {.kind = kind, .bucket = bucket, .scale = scale};
}

/// What the codec makes of a vector: encoded and decoded again.
inline Vector passed_through(const Codec& codec, const Vector& vector, const RandomKey& key) {
  return contract::decoded(codec, codec.encode(vector, key), vector.size(), vector.type());
}

inline CodecOptions nearest(CodecKind kind, int64_t bucket) {
  return {.kind = kind, .bucket = bucket, .rounding = QsgdRounding::nearest};
}

}  // namespace muster::test
