#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "muster/comm/make_codec.h"
#include "tests/contract/codec_contract.h"

namespace muster::test {

inline CodecOptions qsgd(CodecKind kind, int64_t bucket, QsgdScale scale = QsgdScale::max) {
  return {.kind = kind, .bucket = bucket, .scale = scale};
}

/// What the codec makes of a vector: encoded and decoded again.
inline at::Tensor passed_through(const Codec& codec, const at::Tensor& vector, const RandomKey& key) {
  return contract::decoded(codec, codec.encode(vector, key), vector.numel(), vector.scalar_type());
}

inline at::Tensor floats(const std::vector<float>& values) {
  return at::from_blob(const_cast<float*>(values.data()), {static_cast<int64_t>(values.size())}, at::kFloat)
      .clone();
}

inline CodecOptions nearest(CodecKind kind, int64_t bucket) {
  return {.kind = kind, .bucket = bucket, .rounding = QsgdRounding::nearest};
}

}  // namespace muster::test
