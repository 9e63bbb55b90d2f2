#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

namespace torch::nn {
class BatchNorm2dImpl;
}

namespace muster::inline task {

/// relu(norm(x) + residual), or without the residual, or without the relu: BatchNorm (Ioffe, Szegedy, ICML
/// 2015) with what follows it in one pass forward and two backward, where torch's own modules take up to four
/// and five. x: batch x channels x height x width. In training the batch's statistics are used and the
/// running ones move by the norm's momentum (variance unbiased), else the running ones are used, as
/// torch::nn::BatchNorm2d does. Floats with channels last take the fused way, all others torch's.
at::Tensor batch_norm(torch::nn::BatchNorm2dImpl& norm, const at::Tensor& x,
                      const std::optional<at::Tensor>& residual, bool relu);

inline at::Tensor batch_norm_relu(torch::nn::BatchNorm2dImpl& norm, const at::Tensor& x) {
  return batch_norm(norm, x, std::nullopt, true);
}

}  // namespace muster::inline task
