#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "muster/base/random.h"
#include "muster/comm/codec.h"
#include "muster/comm/codec_options.h"

namespace muster {

/// How vectors of one size and type become messages, and messages vectors. Without a codec a message is the
/// vector itself, and nothing is copied.
class VectorMessages {
 public:
  VectorMessages(const std::optional<CodecOptions>& codec, at::ScalarType type, int64_t elements);

  int64_t elements() const { return elements_; }
  at::ScalarType type() const { return type_; }
  /// Of every message.
  int64_t bytes() const { return bytes_; }
  /// True where what is decoded is not what was encoded.
  bool lossy() const { return codec_ != nullptr; }

  at::Tensor encode(const at::Tensor& vector, const RandomKey& key) const;
  /// Memory for a message that comes; 64 bytes aligned. Throws Error where it cannot be had.
  at::Tensor room() const;
  /// Throws Error for a garbled message.
  at::Tensor decode(const at::Tensor& message) const;

 private:
  std::unique_ptr<Codec> codec_;
  at::ScalarType type_;
  int64_t elements_;
  int64_t bytes_;
};

/// Its memory. REQUIRES: contiguous, on the CPU.
std::string_view bytes_of(const at::Tensor& message);

}  // namespace muster
