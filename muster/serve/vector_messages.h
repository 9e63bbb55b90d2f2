#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "muster/base/random.h"
#include "muster/comm/codec/codec.h"
#include "muster/comm/codec/codec_options.h"
#include "muster/flat/vector.h"

namespace muster::inline serve {

/// How vectors of one size and type become messages, and messages vectors. Without a codec a message is the
/// vector itself, and nothing is copied.
class VectorMessages {
 public:
  VectorMessages(const std::optional<CodecOptions>& codec, ElementType type, int64_t elements);

  int64_t elements() const { return elements_; }
  ElementType type() const { return type_; }
  /// Of every message.
  int64_t bytes() const { return bytes_; }
  /// True where what is decoded is not what was encoded.
  bool lossy() const { return codec_ != nullptr; }

  Vector encode(const Vector& vector, const RandomKey& key) const;
  /// Memory for a message that comes; 64 bytes aligned. Throws Error where it cannot be had.
  Vector room() const;
  /// Throws Error for a garbled message.
  Vector decode(const Vector& message) const;

 private:
  std::unique_ptr<Codec> codec_;
  ElementType type_;
  int64_t elements_;
  int64_t bytes_;
};

/// Its memory. REQUIRES: contiguous, on the CPU.
std::string_view bytes_of(const Vector& message);

}  // namespace muster::inline serve
