#include "muster/optim/slowmo.h"

#include "muster/base/error.h"
#include "muster/flat/flat_buffer.h"
#include "muster/optim/outer_kernel.h"

namespace muster {

namespace {

template <class T>
void slowmo_step(at::Tensor& anchor, const at::Tensor& outer_gradient, at::Tensor& momentum,
                 const SlowMoOptions& options, double gamma) {
  T* const to = anchor.data_ptr<T>();
  const T* const gradient = outer_gradient.data_ptr<T>();
  if (gamma == 0) return kernel::subtract(to, gradient, anchor.numel());
  const kernel::OuterStep<T> step{static_cast<T>(options.momentum), static_cast<T>(1 / gamma), T{0},
                                  static_cast<T>(options.learning_rate * gamma)};
  kernel::outer_step(to, gradient, momentum.data_ptr<T>(), anchor.numel(), step);
}

}  // namespace

SlowMo::SlowMo(const SlowMoOptions& options, int64_t size, at::ScalarType type) : options_(options) {
  options_.validate();
  momentum_ = flat_vector(size, type);
}

void SlowMo::step(at::Tensor& anchor, const at::Tensor& outer_gradient, double inner_learning_rate) {
  require_flat(anchor, momentum_.numel(), momentum_.scalar_type(), "anchor of SlowMo");
  step_part(anchor, outer_gradient, 0, inner_learning_rate);
}

void SlowMo::step_part(at::Tensor& anchor, const at::Tensor& outer_gradient, int64_t begin,
                       double inner_learning_rate) {
  require_flat(anchor, anchor.numel(), momentum_.scalar_type(), "anchor of SlowMo");
  require_flat(outer_gradient, anchor.numel(), anchor.scalar_type(), "outer gradient of SlowMo");
  invariant(inner_learning_rate >= 0, "SlowMo needs a learning rate that is not negative");
  at::Tensor momentum = momentum_.narrow(0, begin, anchor.numel());
  if (momentum.scalar_type() == at::kDouble)
    slowmo_step<double>(anchor, outer_gradient, momentum, options_, inner_learning_rate);
  else
    slowmo_step<float>(anchor, outer_gradient, momentum, options_, inner_learning_rate);
}

State SlowMo::state() const {
  State state;
  state.tensors["slow_momentum"] = momentum_;
  return state;
}

void SlowMo::restore(const State& state) { state.copy_into("slow_momentum", momentum_); }

}  // namespace muster
