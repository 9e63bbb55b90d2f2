#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "muster/device/device.h"

namespace muster {

/// Bytes on a device, and what keeps them there.
struct Block {
  void* data = nullptr;
  size_t bytes = 0;
  std::shared_ptr<void> owner{};  ///< the bytes live as long as it does
};

/// A holder of bytes on one device, which vectors are parts of. Which bytes it holds may change (exchange);
/// all vectors in it then see the others.
class Memory {
 public:
  virtual ~Memory() = default;
  virtual void* data() const = 0;  ///< on its device; changes by exchange()
  virtual size_t bytes() const = 0;
  virtual Device device() const = 0;

  /// The two holders exchange their bytes, without moving any. False, and nothing happens, where devices or
  /// sizes differ, or both hold the same.
  static bool exchange(Memory& a, Memory& b);

 protected:
  /// Gives its bytes away and holds none until the next take().
  virtual Block give() = 0;
  virtual void take(Block block) = 0;
};

/// Bytes of the CPU's memory.
class HostMemory final : public Memory {
 public:
  /// So many bytes, zero. They begin on a boundary of 64 bytes; from 4 MiB on in pages of 2 MiB, where the
  /// system grants them. Large ones (32 MiB) take no memory before they are written. Throws Error where there
  /// is no such memory.
  static std::shared_ptr<HostMemory> zeroed(size_t bytes);
  /// The same with any content.
  static std::shared_ptr<HostMemory> uninitialised(size_t bytes);
  /// Bytes that somebody else made.
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

/// The bytes that HostMemory is made of. Throws Error.
Block host_block(size_t bytes);

}  // namespace muster
