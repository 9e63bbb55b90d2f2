#include "muster/optim/nesterov.h"

#include "muster/flat/vector.h"
#include "muster/optim/momentum_look_ahead.h"
#include "muster/optim/outer_kernel.h"

namespace muster::inline optim {

namespace {

template <class T>
void nesterov_step(Vector& anchor, const Vector& outer_gradient, Vector& momentum,
                   const NesterovOptions& options) {
  const kernel::OuterStep<T> step{static_cast<T>(options.momentum), T{1},
                                  static_cast<T>(options.learning_rate),
                                  static_cast<T>(options.learning_rate * options.momentum)};
  kernel::outer_step(anchor.data<T>(), outer_gradient.data<T>(), momentum.data<T>(), anchor.size(), step);
}

}  // namespace

Nesterov::Nesterov(const NesterovOptions& options, int64_t size, ElementType type) : options_(options) {
  options_.validate();
  momentum_ = flat_vector(size, type);
}

void Nesterov::step(Vector& anchor, const Vector& outer_gradient, double) {
  require_flat(anchor, momentum_.size(), momentum_.type(), "anchor of Nesterov");
  step_part(anchor, outer_gradient, 0, 0);
}

void Nesterov::step_part(Vector& anchor, const Vector& outer_gradient, int64_t begin, double) {
  require_flat(anchor, anchor.size(), momentum_.type(), "anchor of Nesterov");
  Vector momentum = momentum_.part(begin, anchor.size());
  require_flat(outer_gradient, anchor.size(), anchor.type(), "outer gradient of Nesterov");
  if (momentum.type() == ElementType::float64)
    nesterov_step<double>(anchor, outer_gradient, momentum, options_);
  else
    nesterov_step<float>(anchor, outer_gradient, momentum, options_);
}

void Nesterov::look_ahead(Vector& parameters) const {
  look_ahead_along(parameters, momentum_, options_.learning_rate * options_.momentum);
}

State Nesterov::state() const {
  State state;
  state.tensors["outer_momentum"] = momentum_;
  return state;
}

void Nesterov::restore(const State& state) { state.copy_into("outer_momentum", momentum_); }

}  // namespace muster::inline optim
