#pragma once

#include "muster/comm/codec/codec.h"

namespace muster::inline comm {

/// The numbers as they are, all bits of them: 4 bytes for a float, 8 for a double. Draws nothing.
class FullCodec final : public Codec {
 public:
  /// For vectors of this type, float32 or float64.
  explicit FullCodec(ElementType type);
  /// Both throw Error for vectors of another type.
  Vector encode(const Vector& vector, const RandomKey& key) const override;
  void decode_add(const Vector& message, Vector& sum) const override;
  int64_t message_bytes(int64_t elements) const override;

 private:
  void require_own_type(const Vector& vector) const;

  ElementType type_;
};

}  // namespace muster::inline comm
