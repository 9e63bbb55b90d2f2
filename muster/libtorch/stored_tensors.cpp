#include "muster/libtorch/stored_tensors.h"

#include <ATen/Functions.h>

#include <array>
#include <memory>

#include "muster/base/error.h"
#include "muster/libtorch/storage_memory.h"

namespace muster::inline libtorch {

namespace {

constexpr std::array types = {
    std::pair(StoredType::f64, at::kDouble), std::pair(StoredType::f32, at::kFloat),
    std::pair(StoredType::f16, at::kHalf),   std::pair(StoredType::bf16, at::kBFloat16),
    std::pair(StoredType::i64, at::kLong),   std::pair(StoredType::i32, at::kInt),
    std::pair(StoredType::i16, at::kShort),  std::pair(StoredType::i8, at::kChar),
    std::pair(StoredType::u8, at::kByte),    std::pair(StoredType::boolean, at::kBool)};

}  // namespace

at::Tensor tensor_of(const StoredTensor& stored) {
  for (const auto& [type, scalar] : types)
    if (type == stored.type)
      return at::from_blob(
          stored.content.host(), stored.shape, [held = stored.content](void*) {},
          at::TensorOptions().dtype(scalar));
  throw Bug("a stored type that LibTorch does not know");
}

StoredTensor stored(const at::Tensor& tensor) {
  const at::Tensor plain = tensor.detach().cpu().contiguous();
  for (const auto& [type, scalar] : types) {
    if (scalar != plain.scalar_type()) continue;
    const auto width = static_cast<int64_t>(plain.element_size());
    return {type, plain.sizes().vec(),
            Vector(std::make_shared<StorageMemory>(plain.storage()), ElementType::byte,
                   plain.storage_offset() * width, plain.numel() * width)};
  }
  throw Error(std::string("tensors of type ") + c10::toString(plain.scalar_type()) +
              " cannot be written to safetensors files");
}

std::map<std::string, at::Tensor> tensors_of(const std::map<std::string, StoredTensor>& file) {
  std::map<std::string, at::Tensor> tensors;
  for (const auto& [name, one] : file) tensors.emplace(name, tensor_of(one));
  return tensors;
}

std::map<std::string, StoredTensor> stored(const std::map<std::string, at::Tensor>& tensors) {
  std::map<std::string, StoredTensor> file;
  for (const auto& [name, one] : tensors) file.emplace(name, stored(one));
  return file;
}

std::vector<std::pair<std::string, at::Tensor>> tensors_of(const NamedTensors& named) {
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  for (const auto& [name, one] : named) tensors.emplace_back(name, tensor_of(one));
  return tensors;
}

NamedTensors stored(const std::vector<std::pair<std::string, at::Tensor>>& named) {
  NamedTensors file;
  for (const auto& [name, one] : named) file.emplace_back(name, stored(one));
  return file;
}

}  // namespace muster::inline libtorch
