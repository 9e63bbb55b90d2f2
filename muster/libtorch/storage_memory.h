#pragma once

#include <c10/core/Storage.h>

#include "muster/device/memory.h"

namespace muster::inline libtorch {

/// The bytes of a storage of LibTorch: tensors and vectors that view it share their values, also after it has
/// exchanged its bytes for others.
class StorageMemory final : public Memory {
 public:
  explicit StorageMemory(c10::Storage storage) : storage_(std::move(storage)) {}

  void* data() const override { return storage_.data(); }
  size_t bytes() const override { return storage_.nbytes(); }
  Device device() const override;
  const c10::Storage& storage() const { return storage_; }

 protected:
  Block give() override;
  void take(Block block) override;

 private:
  c10::Storage storage_;
};

}  // namespace muster::inline libtorch
