#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "muster/task/models/image_model.h"

namespace torch::nn {
class Module;
}

namespace muster::inline task {

/// The norm behind a convolution, of the kind that was asked for, with what follows it. Register module()
/// with the module that owns it.
class Norm {
 public:
  /// GroupNorm has 8 groups.
  Norm(NormKind kind, int64_t channels);

  const std::shared_ptr<torch::nn::Module>& module() const { return module_; }

  at::Tensor operator()(const at::Tensor& x) const { return apply(x, std::nullopt, false); }
  at::Tensor then_relu(const at::Tensor& x) const { return apply(x, std::nullopt, true); }
  /// relu(norm(x) + residual)
  at::Tensor add_then_relu(const at::Tensor& x, const at::Tensor& residual) const {
    return apply(x, residual, true);
  }

 private:
  at::Tensor apply(const at::Tensor& x, const std::optional<at::Tensor>& residual, bool relu) const;

  std::shared_ptr<torch::nn::Module> module_;
};

}  // namespace muster::inline task
