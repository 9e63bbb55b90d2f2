#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "muster/flat/layout.h"

namespace muster {

/// A user's parameters as views of one flat vector, in the order given, so that a meeting is one vector. The
/// tensor objects stay the ones that modules and optimizers hold; their values, .grad, requires_grad and
/// memory format (strides) stay too, only their memory is another. What requires no gradient (frozen) is left
/// where it is. A tensor that is given twice counts once.
class ParameterVector {
 public:
  /// Throws Error, and changes nothing, where a parameter is undefined, not a leaf, not on the CPU, sparse,
  /// of another type than the first trained one, neither float nor double, or shares memory with another one;
  /// or where nothing is trained.
  explicit ParameterVector(const std::vector<at::Tensor>& parameters);

  /// The parameters' memory: a contiguous vector of all trained elements.
  const at::Tensor& vector() const { return vector_; }
  const std::vector<at::Tensor>& frozen() const { return frozen_; }
  int64_t count() const { return static_cast<int64_t>(trained_.size()); }
  /// A hash of all shapes, strides and frozen types: what must be the same on all ranks besides the size.
  int64_t fingerprint() const { return fingerprint_; }

  /// Takes back what was given other memory since (torch::load does that to modules): its present values move
  /// into the vector. Throws Error where shape, type or device are not the old ones any more.
  void readopt();

  /// `packed` <- all gradients, then for each parameter 1 where it has a gradient and 0 where it has none.
  /// REQUIRES: packed has vector().numel() + count() elements. Throws Error for sparse gradients.
  void pack_gradients(const at::Tensor& packed) const;
  /// The way back, from the mean over all ranks: a parameter without gradient gets one where any rank had
  /// one.
  void unpack_gradients(const at::Tensor& packed);

 private:
  at::Tensor view(size_t index) const;

  std::vector<at::Tensor> trained_;
  std::vector<at::Tensor> frozen_;
  std::vector<std::vector<int64_t>> strides_;  // of the trained ones
  Layout layout_;
  at::Tensor vector_;
  int64_t fingerprint_ = 0;
};

}  // namespace muster
