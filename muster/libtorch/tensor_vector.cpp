#include "muster/libtorch/tensor_vector.h"

#include <ATen/Functions.h>
#include <c10/core/CPUAllocator.h>

#include <memory>
#include <string>
#include <utility>

#include "muster/base/error.h"
#include "muster/libtorch/storage_memory.h"

namespace muster::inline libtorch {

namespace {

/// Keeps alive the bytes that the vector lies in now, also when its memory has exchanged them for others.
std::shared_ptr<void> keeper_of(const Vector& vector) {
  const auto* const host = dynamic_cast<const HostMemory*>(vector.memory().get());
  return host && host->owner() ? host->owner() : vector.memory();
}

/// A tensor of the bytes that the vector's memory holds now.
at::Tensor borrowed(const Vector& vector) {
  return at::from_blob(
      vector.host(), {vector.size()}, [keeper = keeper_of(vector)](void*) {},
      at::TensorOptions().dtype(scalar_type(vector.type())));
}

}  // namespace

ElementType element_type(at::ScalarType type) {
  if (type == at::kFloat) return ElementType::float32;
  if (type == at::kDouble) return ElementType::float64;
  if (type == at::kLong) return ElementType::int64;
  if (type == at::kByte) return ElementType::byte;
  throw Error(std::string("tensors of type ") + c10::toString(type) +
              " cannot be used here: Float, Double, Long and Byte can");
}

at::ScalarType scalar_type(ElementType type) {
  switch (type) {
    case ElementType::float32:
      return at::kFloat;
    case ElementType::float64:
      return at::kDouble;
    case ElementType::int64:
      return at::kLong;
    case ElementType::byte:
      return at::kByte;
  }
  throw Bug("an element type that LibTorch does not know");
}

at::Tensor flat_tensor(int64_t size, ElementType type) { return tensor_of(storage_vector(size, type)); }

at::Tensor flat_tensor(int64_t size, at::ScalarType type) { return flat_tensor(size, element_type(type)); }

Vector storage_vector(int64_t size, ElementType type) { return vector_of(borrowed(flat_vector(size, type))); }

at::Tensor tensor_of(const Vector& vector) {
  const auto* const memory = dynamic_cast<const StorageMemory*>(vector.memory().get());
  if (!memory) return borrowed(vector);
  at::Tensor tensor = at::empty(
      {0}, at::TensorOptions().dtype(scalar_type(vector.type())).device(memory->storage().device()));
  tensor.set_(memory->storage(), vector.begin(), {vector.size()}, {1});
  return tensor;
}

Vector vector_of(const at::Tensor& tensor) {
  if (!tensor.defined() || !tensor.is_contiguous())
    throw Error("a vector can be made of a contiguous tensor only");
  return {std::make_shared<StorageMemory>(tensor.storage()), element_type(tensor.scalar_type()),
          tensor.storage_offset(), tensor.numel()};
}

at::Tensor view_of(const at::Tensor& flat, const Piece& piece) {
  return flat.narrow(0, piece.offset, piece.size).view(piece.shape);
}

}  // namespace muster::inline libtorch
