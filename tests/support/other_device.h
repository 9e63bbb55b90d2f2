#pragma once

#include <utility>

#include "muster/device/memory.h"

namespace muster::test {

/// Memory that claims to lie on a GPU: code that cannot use it must refuse it, not read its bytes.
class OtherDevice final : public Memory {
 public:
  explicit OtherDevice(size_t bytes, int index = 0) : block_(host_block(bytes)), index_(index) {}

  void* data() const override { return block_.data; }
  size_t bytes() const override { return block_.bytes; }
  Device device() const override { return {Device::Kind::cuda, index_}; }

 protected:
  Block give() override { return std::exchange(block_, {}); }
  void take(Block block) override { block_ = std::move(block); }

 private:
  Block block_;
  int index_;
};

}  // namespace muster::test
