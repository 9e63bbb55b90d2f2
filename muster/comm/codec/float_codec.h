#pragma once

#include "muster/comm/codec/codec.h"

namespace muster::inline comm {

/// A codec whose arithmetic is float: doubles are rounded to float before encoding, and what is decoded for a
/// sum of doubles is a float until it is added.
class FloatCodec : public Codec {
 public:
  Vector encode(const Vector& vector, const RandomKey& key) const final;
  void decode_add(const Vector& message, Vector& sum) const final;

 private:
  /// Writes message_bytes(size) bytes.
  virtual void encode_floats(const float* values, int64_t size, const RandomKey& key,
                             uint8_t* message) const = 0;
  /// sum += what the message stands for. `message` may begin at any address. When it throws (Error: a garbled
  /// message) sum is as it was.
  virtual void add_floats(const uint8_t* message, int64_t size, float* sum) const = 0;
};

}  // namespace muster::inline comm
