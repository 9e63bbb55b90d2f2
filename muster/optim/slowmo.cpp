#include "muster/optim/slowmo.h"

#include "muster/base/error.h"
#include "muster/flat/vector.h"
#include "muster/optim/outer_kernel.h"

namespace muster::inline optim {

namespace {

template <class T>
void slowmo_step(Vector& anchor, const Vector& outer_gradient, Vector& momentum, const SlowMoOptions& options,
                 double gamma) {
  T* const to = anchor.data<T>();
  const T* const gradient = outer_gradient.data<T>();
  if (gamma == 0) return kernel::subtract(to, gradient, anchor.size());
  const kernel::OuterStep<T> step{static_cast<T>(options.momentum), static_cast<T>(1 / gamma), T{0},
                                  static_cast<T>(options.learning_rate * gamma)};
  kernel::outer_step(to, gradient, momentum.data<T>(), anchor.size(), step);
}

}  // namespace

SlowMo::SlowMo(const SlowMoOptions& options, int64_t size, ElementType type) : options_(options) {
  options_.validate();
  momentum_ = flat_vector(size, type);
}

void SlowMo::step(Vector& anchor, const Vector& outer_gradient, double inner_learning_rate) {
  require_flat(anchor, momentum_.size(), momentum_.type(), "anchor of SlowMo");
  step_part(anchor, outer_gradient, 0, inner_learning_rate);
}

void SlowMo::step_part(Vector& anchor, const Vector& outer_gradient, int64_t begin,
                       double inner_learning_rate) {
  require_flat(anchor, anchor.size(), momentum_.type(), "anchor of SlowMo");
  require_flat(outer_gradient, anchor.size(), anchor.type(), "outer gradient of SlowMo");
  invariant(inner_learning_rate >= 0, "SlowMo needs a learning rate that is not negative");
  Vector momentum = momentum_.part(begin, anchor.size());
  if (momentum.type() == ElementType::float64)
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

}  // namespace muster::inline optim
