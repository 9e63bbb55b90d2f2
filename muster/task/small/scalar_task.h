#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "muster/task/small/scalar_task_kernel.h"
#include "muster/task/task.h"

namespace muster::inline task {

struct ScalarTaskOptions {
  ScalarShape shape;
  int64_t train = 256;
  int64_t test = 64;
  uint64_t seed = 0;
  at::ScalarType type =
      at::kDouble;  ///< of parameters and gradients, float or double; the arithmetic is double
  void validate() const;
};

/// Regression by a tiny two-layer network in double precision, with a hand-written gradient and neither BLAS
/// nor transcendental functions: the same bits on every x86-64 (for `muster signature`). Inputs are batch x
/// inputs, targets batch, both doubles; the loss is half the squared error; Score::correct stays 0.
class ScalarTask final : public Task {
 public:
  explicit ScalarTask(const ScalarTaskOptions& options);

  std::string name() const override { return "scalar"; }
  std::unique_ptr<Model> make_model() const override;
  int64_t train_size() const override { return options_.train; }
  int64_t test_size() const override { return options_.test; }
  Batch train_batch(std::span<const int64_t> samples, int64_t epoch) const override;
  Batch test_batch(int64_t first, int64_t count) const override;
  int64_t activation_bytes(int64_t batch) const override;

 private:
  ScalarTaskOptions options_;
  std::vector<double> inputs_;  // train, then test
  std::vector<double> targets_;
};

}  // namespace muster::inline task
