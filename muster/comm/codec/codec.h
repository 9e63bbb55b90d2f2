#pragma once

#include <cstdint>

#include "muster/base/random.h"
#include "muster/flat/vector.h"

namespace muster::inline comm {

/// Encodes a vector as a message, and decodes it. Stateless: the caller keeps what an encoding loses (error
/// feedback, see compressed_mean.h).
class Codec {
 public:
  virtual ~Codec() = default;
  /// The message: contiguous bytes (ElementType::byte), message_bytes(vector.size()) of them. `vector`:
  /// contiguous, one-dimensional, on the CPU, float or double (all codecs but FullCodec round doubles to
  /// float first). Random numbers are a function of `key` and the place in the vector; codecs that draw none
  /// ignore it. Inf and NaN are never hidden: the decoded vector holds Inf or NaN too.
  virtual Vector encode(const Vector& vector, const RandomKey& key) const = 0;
  /// sum += the decoded message. Throws Error when the message has not the length that encode gives to a
  /// vector as long as `sum`.
  virtual void decode_add(const Vector& message, Vector& sum) const = 0;
  /// Length of the message of a vector of `elements`.
  virtual int64_t message_bytes(int64_t elements) const = 0;
};

}  // namespace muster::inline comm
