#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "muster/checkpoint/safetensors.h"

namespace muster::inline libtorch {

/// A file's tensor as a LibTorch tensor; shares memory.
at::Tensor tensor_of(const StoredTensor& stored);
/// A tensor in the form that files hold: on the CPU, contiguous; shares memory where it is so already. Throws
/// Error for types that files do not hold.
StoredTensor stored(const at::Tensor& tensor);

std::map<std::string, at::Tensor> tensors_of(const std::map<std::string, StoredTensor>& file);
std::map<std::string, StoredTensor> stored(const std::map<std::string, at::Tensor>& tensors);
std::vector<std::pair<std::string, at::Tensor>> tensors_of(const NamedTensors& named);
NamedTensors stored(const std::vector<std::pair<std::string, at::Tensor>>& named);

}  // namespace muster::inline libtorch
