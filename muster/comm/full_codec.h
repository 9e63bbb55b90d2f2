#pragma once

#include "muster/comm/codec.h"

namespace muster {

/// The numbers as they are, all bits of them: 4 bytes for a float, 8 for a double. Draws nothing.
class FullCodec final : public Codec {
 public:
  /// For vectors of this type, kFloat or kDouble.
  explicit FullCodec(at::ScalarType type);
  /// Both throw Error for vectors of another type.
  at::Tensor encode(const at::Tensor& vector, const RandomKey& key) const override;
  void decode_add(const at::Tensor& message, at::Tensor& sum) const override;
  int64_t message_bytes(int64_t elements) const override;

 private:
  void require_own_type(const at::Tensor& vector) const;

  at::ScalarType type_;
};

}  // namespace muster
