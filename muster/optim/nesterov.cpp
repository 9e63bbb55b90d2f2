#include "muster/optim/nesterov.h"

#include "muster/flat/flat_buffer.h"
#include "muster/optim/momentum_look_ahead.h"
#include "muster/optim/outer_kernel.h"

namespace muster {

namespace {

template <class T>
void nesterov_step(at::Tensor& anchor, const at::Tensor& outer_gradient, at::Tensor& momentum,
                   const NesterovOptions& options) {
  const kernel::OuterStep<T> step{static_cast<T>(options.momentum), T{1},
                                  static_cast<T>(options.learning_rate),
                                  static_cast<T>(options.learning_rate * options.momentum)};
  kernel::outer_step(anchor.data_ptr<T>(), outer_gradient.data_ptr<T>(), momentum.data_ptr<T>(),
                     anchor.numel(), step);
}

}  // namespace

Nesterov::Nesterov(const NesterovOptions& options, int64_t size, at::ScalarType type) : options_(options) {
  options_.validate();
  momentum_ = flat_vector(size, type);
}

void Nesterov::step(at::Tensor& anchor, const at::Tensor& outer_gradient, double) {
  require_flat(anchor, momentum_.numel(), momentum_.scalar_type(), "anchor of Nesterov");
  step_part(anchor, outer_gradient, 0, 0);
}

void Nesterov::step_part(at::Tensor& anchor, const at::Tensor& outer_gradient, int64_t begin, double) {
  require_flat(anchor, anchor.numel(), momentum_.scalar_type(), "anchor of Nesterov");
  at::Tensor momentum = momentum_.narrow(0, begin, anchor.numel());
  require_flat(outer_gradient, anchor.numel(), anchor.scalar_type(), "outer gradient of Nesterov");
  if (momentum.scalar_type() == at::kDouble)
    nesterov_step<double>(anchor, outer_gradient, momentum, options_);
  else
    nesterov_step<float>(anchor, outer_gradient, momentum, options_);
}

void Nesterov::look_ahead(at::Tensor& parameters) const {
  look_ahead_along(parameters, momentum_, options_.learning_rate * options_.momentum);
}

State Nesterov::state() const {
  State state;
  state.tensors["outer_momentum"] = momentum_;
  return state;
}

void Nesterov::restore(const State& state) { state.copy_into("outer_momentum", momentum_); }

}  // namespace muster
