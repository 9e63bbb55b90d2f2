#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "muster/flat/layout.h"
#include "muster/flat/parameter_source.h"

namespace muster::inline libtorch {

/// A user's parameters as views of one flat vector, in the order given, so that a meeting averages one
/// vector. The tensor objects stay the ones that modules and optimizers hold, and so do their values, .grad,
/// requires_grad and memory format (strides); only their memory changes. Parameters that require no gradient
/// (frozen) are left where they are. A tensor that is given twice counts once.
class ParameterVector final : public ParameterSource {
 public:
  /// Throws Error, and changes nothing, where a parameter is undefined, not a leaf, not on the CPU, sparse,
  /// of another type than the first trained one, neither float nor double, or shares memory with another one;
  /// or where nothing is trained.
  explicit ParameterVector(const std::vector<at::Tensor>& parameters);

  ElementType type() const override { return vector_.type(); }
  int64_t size() const override { return vector_.size(); }
  int64_t count() const override { return static_cast<int64_t>(trained_.size()); }
  Device device() const override { return vector_.device(); }
  int64_t fingerprint() const override { return fingerprint_; }

  /// Moves parameters that were given other memory since (torch::load does that to modules) back into the
  /// vector, with their present values. Throws Error where shape, type or device has changed.
  void refresh() override;
  /// The parameters' memory: a contiguous vector of all trained elements.
  Vector whole() const override { return vector_; }
  void pack(const Vector& to) const override { to.copy_from(vector_); }
  void unpack(const Vector& from) override { vector_.copy_from(from); }

  /// Throws Error for sparse gradients.
  void pack_gradients(const Vector& packed) const override;
  void unpack_gradients(const Vector& packed) override;

  int64_t frozen_bytes() const override;
  void pack_frozen(const Vector& to) const override;
  void unpack_frozen(const Vector& from) override;

 private:
  at::Tensor view(size_t index) const;

  std::vector<at::Tensor> trained_;
  std::vector<at::Tensor> frozen_;
  std::vector<std::vector<int64_t>> strides_;  // of the trained ones
  Layout layout_;
  Vector vector_;
  at::Tensor flat_;  // the same, as LibTorch sees it
  int64_t fingerprint_ = 0;
};

}  // namespace muster::inline libtorch
