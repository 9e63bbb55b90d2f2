#pragma once

#include <cstdint>
#include <memory>

#include "muster/flat/vector.h"
#include "muster/optim/inner_optimizer.h"
#include "muster/task/task.h"

namespace muster::inline method {

/// One worker: a model that lives in flat vectors, and its inner optimizer.
class Replica {
 public:
  /// Parameters and buffers are zero until initialise(), copy_from() or restore().
  Replica(std::unique_ptr<Model> model, std::unique_ptr<InnerOptimizer> optimizer);

  /// gradient() <- of the batch's mean loss; returns the loss.
  double compute_gradient(const Batch& batch, const RandomKey& noise);
  /// The inner optimizer's step with the present gradient, first clipped to the global norm `clip` (0: not
  /// clipped).
  void apply_gradient(double learning_rate, double clip);

  /// Parameters and buffers <- what training begins with.
  void initialise(ThreadPool& pool) { model_->initialise(pool); }
  /// Parameters and buffers <- the other's.
  void copy_from(const Replica& other);

  Vector& parameters() { return parameters_; }
  Vector& gradient() { return gradient_; }
  Vector& buffers() { return buffers_; }
  InnerOptimizer& optimizer() { return *optimizer_; }

  /// Parameters, buffers and optimizer; the gradient is made anew by every step.
  State state() const;
  void restore(const State& state);

 private:
  std::unique_ptr<Model> model_;
  std::unique_ptr<InnerOptimizer> optimizer_;
  Vector parameters_;
  Vector gradient_;
  Vector buffers_;
};

}  // namespace muster::inline method
