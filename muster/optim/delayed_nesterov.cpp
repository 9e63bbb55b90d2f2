#include "muster/optim/delayed_nesterov.h"

#include "muster/flat/vector.h"
#include "muster/optim/async_outer_kernel.h"

namespace muster::inline optim {

DelayedNesterov::DelayedNesterov(const DelayedNesterovOptions& options, int64_t size, ElementType type)
    : options_(options) {
  options_.validate();
  momentum_ = flat_vector(size, type);
  sum_ = flat_vector(size, type);
}

template <class T>
void DelayedNesterov::step_as(Vector& anchor, const Vector& gradient) {
  const double n = static_cast<double>(options_.delay);
  const double e = options_.learning_rate, beta = options_.momentum, c = options_.spread;
  if (++calls_ < options_.delay)
    return kernel::delayed_step(anchor.data<T>(), gradient.data<T>(), momentum_.data<T>(), sum_.data<T>(),
                                anchor.size(), {static_cast<T>(e / n), static_cast<T>(e * c * beta)});
  calls_ = 0;
  kernel::momentum_step(anchor.data<T>(), gradient.data<T>(), momentum_.data<T>(), sum_.data<T>(),
                        anchor.size(),
                        {static_cast<T>(beta), static_cast<T>(1 / n), static_cast<T>(e / n),
                         static_cast<T>(e * (1 - c * n + c) * beta)});
}

void DelayedNesterov::step(Vector& anchor, const Vector& outer_gradient, double) {
  require_flat(anchor, momentum_.size(), momentum_.type(), "anchor of DelayedNesterov");
  require_flat(outer_gradient, anchor.size(), anchor.type(), "outer gradient of DelayedNesterov");
  if (momentum_.type() == ElementType::float64)
    step_as<double>(anchor, outer_gradient);
  else
    step_as<float>(anchor, outer_gradient);
}

State DelayedNesterov::state() const {
  State state;
  state.numbers.set("calls", calls_);
  state.tensors["outer_momentum"] = momentum_;
  state.tensors["contributions"] = sum_;
  return state;
}

void DelayedNesterov::restore(const State& state) {
  calls_ = state.numbers.integer("calls");
  state.copy_into("outer_momentum", momentum_);
  state.copy_into("contributions", sum_);
}

}  // namespace muster::inline optim
