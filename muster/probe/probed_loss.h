#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "muster/libtorch/tensor_vector.h"
#include "muster/probe/linear_map.h"
#include "muster/task/task.h"

namespace muster::inline probe {

/// The loss of some fixed training samples as a function of the parameters, with its derivatives, for probes.
/// It has a model of its own, so that probing changes nothing elsewhere. In training mode: one draw of
/// dropout, BatchNorm over each batch.
class ProbedLoss {
 public:
  /// Samples of `task` drawn without replacement from all training samples, in batches of `batch`; augmented
  /// as in the first epoch. REQUIRES: 1 <= batch <= samples.
  ProbedLoss(const Task& task, int64_t samples, int64_t batch, uint64_t seed);

  void set_parameters(const at::Tensor& parameters) { parameters_.copy_(parameters); }
  int64_t size() const { return parameters_.numel(); }
  at::ScalarType type() const { return scalar_type(model_->type()); }
  int64_t batches() const { return static_cast<int64_t>(batches_.size()); }
  int64_t batch_size() const { return batch_; }

  /// Mean loss and gradient of one batch; the gradient is overwritten by the next call.
  double loss_and_gradient(int64_t batch);
  const at::Tensor& gradient() const { return gradient_; }
  /// The Hessian of the mean loss over all batches. Throws Error where the model has none.
  LinearMap hessian();
  /// The initial parameters, as the task makes them.
  at::Tensor initial_parameters() const;

 private:
  const Task& task_;
  int64_t batch_;
  uint64_t seed_;
  std::unique_ptr<Model> model_;
  at::Tensor parameters_, gradient_, buffers_;
  std::vector<Batch> batches_;
};

}  // namespace muster::inline probe
