#pragma once

#include <cstdint>

#include "muster/base/random.h"
#include "muster/flat/vector.h"

namespace muster {

/// How one vector becomes a message and a message a vector again. Stateless: what an encoding loses is the
/// business of its caller (error feedback, see compressed_mean.h).
class Codec {
 public:
  virtual ~Codec() = default;
  /// The message: contiguous bytes (ElementType::byte), message_bytes(vector.size()) of them. `vector`:
  /// contiguous, one-dimensional, on the CPU, float or double (doubles are rounded to float first, but by the
  /// codec that keeps all bits). What is drawn is a function of `key` and the place in the vector; codecs
  /// that draw nothing ignore it. Inf and NaN come out as Inf or NaN somewhere: never hidden.
  virtual Vector encode(const Vector& vector, const RandomKey& key) const = 0;
  /// sum += the vector that the message stands for. Throws Error when the message has not the length that
  /// encode gives to a vector as long as `sum`.
  virtual void decode_add(const Vector& message, Vector& sum) const = 0;
  /// Length of the message of a vector of `elements`.
  virtual int64_t message_bytes(int64_t elements) const = 0;
};

}  // namespace muster
