#include "muster/libtorch/storage_memory.h"

#include <utility>

#include "muster/base/error.h"

namespace muster::inline libtorch {

namespace {

using Owner = std::shared_ptr<void>;

/// The deleter of a storage's bytes that came from a Block.
void release(void* owner) { delete static_cast<Owner*>(owner); }

}  // namespace

Device StorageMemory::device() const {
  const c10::Device device = storage_.device();
  if (device.is_cpu()) return {};
  if (!device.is_cuda()) throw Error("tensors on " + device.str() + " cannot be used: CPU and CUDA can");
  return {Device::Kind::cuda, device.has_index() ? device.index() : 0};
}

// Bytes that came from a Block are returned as that Block, so that repeated exchanges nest no wrappers.
Block StorageMemory::give() {
  const size_t bytes = storage_.nbytes();
  c10::DataPtr held = storage_.unsafeGetStorageImpl()->set_data_ptr(c10::DataPtr(nullptr, storage_.device()));
  void* const data = held.get();
  if (held.get_deleter() == &release) return {data, bytes, *static_cast<Owner*>(held.get_context())};
  return {data, bytes, std::make_shared<c10::DataPtr>(std::move(held))};
}

void StorageMemory::take(Block block) {
  auto* const owner = new Owner(std::move(block.owner));
  storage_.unsafeGetStorageImpl()->set_data_ptr(c10::DataPtr(block.data, owner, &release, storage_.device()));
}

}  // namespace muster::inline libtorch
