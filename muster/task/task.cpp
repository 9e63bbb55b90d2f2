#include "muster/task/task.h"

#include <utility>

#include "muster/base/error.h"
#include "muster/libtorch/tensor_vector.h"

namespace muster::inline task {

double Model::hessian_product(const Batch&, const RandomKey&, const at::Tensor&, at::Tensor&) {
  throw Error(
      "this model has no second derivatives: probes of the sharpness need one that is made of layers");
}

void bind_initial(Model& model, at::Tensor parameters, at::Tensor gradient, at::Tensor buffers) {
  ThreadPool alone(1);
  model.bind(std::move(parameters), std::move(gradient), std::move(buffers));
  model.initialise(alone);
}

InitialValues initial_values(Model& model, ThreadPool& pool) {
  InitialValues values{flat_vector(model.parameters().size(), model.type()),
                       flat_vector(model.buffers().size(), model.type())};
  model.bind(tensor_of(values.parameters), {}, tensor_of(values.buffers));
  model.initialise(pool);
  return values;
}

}  // namespace muster::inline task
