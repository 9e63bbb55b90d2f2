#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "muster/local_updates/local_updates.h"

namespace muster::inline flat {

/// A model of LibTorch: LocalUpdates(model->parameters(), ...), local.average(model->buffers()). The trained
/// parameters become views of one flat vector (see ParameterVector: optimizers made before or after go on
/// working). Parameters that require no gradient now are frozen. average() throws Error for tensors that are
/// not dense or not on the CPU.
template <>
struct ParametersOf<std::vector<at::Tensor>> {
  static std::unique_ptr<ParameterSource> parameters(const std::vector<at::Tensor>& parameters);
  static std::unique_ptr<ValueSource> values(const std::vector<at::Tensor>& tensors);
};

}  // namespace muster::inline flat
