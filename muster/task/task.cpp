#include "muster/task/task.h"

#include "muster/base/error.h"

namespace muster {

double Model::hessian_product(const Batch&, const RandomKey&, const at::Tensor&, at::Tensor&) {
  throw Error(
      "this model has no second derivatives: probes of the sharpness need one that is made of layers");
}

}  // namespace muster
