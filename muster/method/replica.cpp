#include "muster/method/replica.h"

#include <utility>

#include "muster/flat/vector.h"
#include "muster/libtorch/tensor_vector.h"
#include "muster/optim/clip.h"

namespace muster::inline method {

Replica::Replica(std::unique_ptr<Model> model, std::unique_ptr<InnerOptimizer> optimizer)
    : model_(std::move(model)),
      optimizer_(std::move(optimizer)),
      parameters_(storage_vector(model_->parameters().size(), model_->type())),
      gradient_(storage_vector(model_->parameters().size(), model_->type())),
      buffers_(storage_vector(model_->buffers().size(), model_->type())) {
  model_->bind(tensor_of(parameters_), tensor_of(gradient_), tensor_of(buffers_));
}

void Replica::copy_from(const Replica& other) {
  parameters_.copy_from(other.parameters_);
  buffers_.copy_from(other.buffers_);
}

double Replica::compute_gradient(const Batch& batch, const RandomKey& noise) {
  return model_->loss_and_gradient(batch, noise);
}

void Replica::apply_gradient(double learning_rate, double clip) {
  const double scale = clip > 0 ? clip_scale(gradient_, clip) : 1.0;
  optimizer_->step(parameters_, gradient_, learning_rate, scale);
}

State Replica::state() const {
  State state;
  state.tensors["parameters"] = parameters_;
  if (buffers_.size() > 0) state.tensors["buffers"] = buffers_;
  state.insert("optimizer", optimizer_->state());
  return state;
}

void Replica::restore(const State& state) {
  state.copy_into("parameters", parameters_);
  if (buffers_.size() > 0) state.copy_into("buffers", buffers_);
  optimizer_->restore(state.part_of("optimizer"));
}

}  // namespace muster::inline method
