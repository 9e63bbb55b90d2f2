#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>

namespace muster {

/// FNV-1a, 64 bits (Fowler, Noll, Vo), of what a training does.
class SignatureHash {
 public:
  void add(const void* bytes, size_t count) {
    const auto* at = static_cast<const unsigned char*>(bytes);
    for (size_t i = 0; i < count; ++i) value_ = (value_ ^ at[i]) * 0x100000001B3ULL;
  }
  void add(int64_t number) { add(&number, sizeof number); }
  /// The bits of a contiguous tensor.
  void add(const at::Tensor& values) { add(values.data_ptr(), values.nbytes()); }
  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 0xCBF29CE484222325ULL;
};

}  // namespace muster
