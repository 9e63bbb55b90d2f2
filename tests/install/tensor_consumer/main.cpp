// A tensor of LibTorch and a vector of Muster in the same memory; a model's parameters meet, alone.
#include <ATen/ATen.h>

#include <cstdio>
#include <vector>

#include "muster/comm/solo.h"
#include "muster/libtorch/local_updates.h"
#include "muster/libtorch/tensor_vector.h"
#include "muster/schedule/constant_period.h"

int main() {
  const std::vector<at::Tensor> parameters = {at::full({1000}, 2.0F).requires_grad_(true)};
  muster::Solo alone;
  muster::LocalUpdates local(parameters, alone, muster::ConstantPeriod{{.base_period = 1}}, 1);
  local.step(0.1);
  std::printf("mean %g\n", static_cast<double>(muster::tensor_of(local.parameters()).mean().item<float>()));
}
