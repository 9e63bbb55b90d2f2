#pragma once

#include <memory>

#include "muster/device/memory.h"
#include "muster/flat/vector.h"

namespace muster::test {

/// Memory that claims to lie on a device and has no bytes: nothing may access it.
class FarMemory final : public Memory {
 public:
  explicit FarMemory(size_t bytes) : bytes_(bytes) {}
  void* data() const override { return nullptr; }
  size_t bytes() const override { return bytes_; }
  Device device() const override { return {.kind = Device::Kind::cuda, .index = 0}; }

 protected:
  Block give() override { return {}; }
  void take(Block) override {}

 private:
  size_t bytes_;
};

/// A vector that does not lie on the CPU.
inline Vector far_vector(int64_t size, ElementType type = ElementType::float32) {
  return {std::make_shared<FarMemory>(static_cast<size_t>(size * bytes_of(type))), type, 0, size};
}

}  // namespace muster::test
