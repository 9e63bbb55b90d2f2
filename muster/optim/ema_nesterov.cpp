#include "muster/optim/ema_nesterov.h"

#include "muster/flat/flat_buffer.h"
#include "muster/optim/momentum_look_ahead.h"
#include "muster/optim/outer_kernel.h"

namespace muster {

namespace {

template <class T>
void ema_step(at::Tensor& anchor, const at::Tensor& gradient, at::Tensor& momentum,
              const OuterMomentumOptions& options) {
  const kernel::OuterStep<T> step{static_cast<T>(options.momentum), static_cast<T>(1 - options.momentum),
                                  static_cast<T>(options.learning_rate),
                                  static_cast<T>(options.learning_rate * options.momentum)};
  kernel::outer_step(anchor.data_ptr<T>(), gradient.data_ptr<T>(), momentum.data_ptr<T>(), anchor.numel(),
                     step);
}

}  // namespace

EmaNesterov::EmaNesterov(const OuterMomentumOptions& options, int64_t size, at::ScalarType type)
    : options_(options) {
  options_.validate();
  momentum_ = flat_vector(size, type);
}

void EmaNesterov::step(at::Tensor& anchor, const at::Tensor& outer_gradient, double) {
  require_flat(anchor, momentum_.numel(), momentum_.scalar_type(), "anchor of EmaNesterov");
  require_flat(outer_gradient, anchor.numel(), anchor.scalar_type(), "outer gradient of EmaNesterov");
  if (momentum_.scalar_type() == at::kDouble)
    ema_step<double>(anchor, outer_gradient, momentum_, options_);
  else
    ema_step<float>(anchor, outer_gradient, momentum_, options_);
}

void EmaNesterov::look_ahead(at::Tensor& parameters) const {
  look_ahead_along(parameters, momentum_, options_.learning_rate * options_.momentum);
}

State EmaNesterov::state() const {
  State state;
  state.tensors["outer_momentum"] = momentum_;
  return state;
}

void EmaNesterov::restore(const State& state) { state.copy_into("outer_momentum", momentum_); }

}  // namespace muster
