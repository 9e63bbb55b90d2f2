#pragma once

#include <cstdint>
#include <vector>

#include "muster/task/models/nn_model.h"

namespace muster::inline task {

struct MlpShape {
  int64_t inputs = 1;
  std::vector<int64_t> hidden;
  int64_t classes = 2;
};

/// A multilayer perceptron: linear layers fc1, fc2, ... with ReLU between them. Inputs are flattened.
TorchNetwork make_mlp(const MlpShape& shape);

/// Floats per sample that a forward and backward pass holds, estimated.
int64_t mlp_activations(const MlpShape& shape);

}  // namespace muster::inline task
