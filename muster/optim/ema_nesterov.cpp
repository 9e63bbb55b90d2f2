#include "muster/optim/ema_nesterov.h"

#include "muster/flat/vector.h"
#include "muster/optim/momentum_look_ahead.h"
#include "muster/optim/outer_kernel.h"

namespace muster::inline optim {

namespace {

template <class T>
void ema_step(Vector& anchor, const Vector& gradient, Vector& momentum, const OuterMomentumOptions& options) {
  const kernel::OuterStep<T> step{static_cast<T>(options.momentum), static_cast<T>(1 - options.momentum),
                                  static_cast<T>(options.learning_rate),
                                  static_cast<T>(options.learning_rate * options.momentum)};
  kernel::outer_step(anchor.data<T>(), gradient.data<T>(), momentum.data<T>(), anchor.size(), step);
}

}  // namespace

EmaNesterov::EmaNesterov(const OuterMomentumOptions& options, int64_t size, ElementType type)
    : options_(options) {
  options_.validate();
  momentum_ = flat_vector(size, type);
}

void EmaNesterov::step(Vector& anchor, const Vector& outer_gradient, double) {
  require_flat(anchor, momentum_.size(), momentum_.type(), "anchor of EmaNesterov");
  require_flat(outer_gradient, anchor.size(), anchor.type(), "outer gradient of EmaNesterov");
  if (momentum_.type() == ElementType::float64)
    ema_step<double>(anchor, outer_gradient, momentum_, options_);
  else
    ema_step<float>(anchor, outer_gradient, momentum_, options_);
}

void EmaNesterov::look_ahead(Vector& parameters) const {
  look_ahead_along(parameters, momentum_, options_.learning_rate * options_.momentum);
}

State EmaNesterov::state() const {
  State state;
  state.tensors["outer_momentum"] = momentum_;
  return state;
}

void EmaNesterov::restore(const State& state) { state.copy_into("outer_momentum", momentum_); }

}  // namespace muster::inline optim
