#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "muster/device/device.h"

namespace muster::inline device {

/// Bytes on a device, and the owner that keeps them allocated.
struct Block {
  void* data = nullptr;
  size_t bytes = 0;
  std::shared_ptr<void> owner{};  ///< the bytes live as long as it does
};

/// Holds bytes on one device; vectors are views of parts of them. exchange() replaces the bytes, and all
/// vectors in this memory then see the new ones.
class Memory {
 public:
  virtual ~Memory() = default;
  virtual void* data() const = 0;  ///< on its device; changes by exchange()
  virtual size_t bytes() const = 0;
  virtual Device device() const = 0;

  /// Swaps the bytes of `a` and `b` without copying. Returns false and changes nothing where devices or sizes
  /// differ, or both hold the same bytes.
  static bool exchange(Memory& a, Memory& b);

 protected:
  /// Hands over its bytes and holds none until the next take().
  virtual Block give() = 0;
  virtual void take(Block block) = 0;
};

/// Bytes of the CPU's memory.
class HostMemory final : public Memory {
 public:
  /// `bytes` zero bytes, aligned to 64 bytes; from 4 MiB on in pages of 2 MiB, where the system grants them.
  /// From 32 MiB on they take no memory before they are written. Throws Error where there is not enough
  /// memory.
  static std::shared_ptr<HostMemory> zeroed(size_t bytes);
  /// The same with any content.
  static std::shared_ptr<HostMemory> uninitialised(size_t bytes);
  /// Bytes that are allocated elsewhere.
  explicit HostMemory(Block block) : block_(std::move(block)) {}

  void* data() const override { return block_.data; }
  size_t bytes() const override { return block_.bytes; }
  Device device() const override { return {}; }
  /// What keeps the bytes that it holds now; null where nothing needs to.
  const std::shared_ptr<void>& owner() const { return block_.owner; }

 protected:
  Block give() override { return std::exchange(block_, {}); }
  void take(Block block) override { block_ = std::move(block); }

 private:
  Block block_;
};

/// Allocates uninitialised bytes as HostMemory::uninitialised() does. Throws Error.
Block host_block(size_t bytes);

}  // namespace muster::inline device
