#include "muster/optim/heavy_ball.h"

#include "muster/flat/vector.h"
#include "muster/optim/async_outer_kernel.h"
#include "muster/optim/momentum_look_ahead.h"
#include "muster/optim/outer_kernel.h"

namespace muster::inline optim {

namespace {

template <class T>
void heavy_ball_step(Vector& anchor, const Vector& gradient, Vector& momentum,
                     const OuterMomentumOptions& options) {
  const auto rate = static_cast<T>(options.learning_rate);
  if (!momentum.defined()) return kernel::descend(anchor.data<T>(), gradient.data<T>(), anchor.size(), rate);
  const kernel::OuterStep<T> step{static_cast<T>(options.momentum), T{1}, T{0}, rate};
  kernel::outer_step(anchor.data<T>(), gradient.data<T>(), momentum.data<T>(), anchor.size(), step);
}

}  // namespace

HeavyBall::HeavyBall(const OuterMomentumOptions& options, int64_t size, ElementType type)
    : options_(options), size_(size), type_(type) {
  options_.validate();
  if (options_.momentum > 0) momentum_ = flat_vector(size, type);
}

void HeavyBall::step(Vector& anchor, const Vector& outer_gradient, double) {
  require_flat(anchor, size_, type_, "anchor of HeavyBall");
  require_flat(outer_gradient, size_, type_, "outer gradient of HeavyBall");
  if (type_ == ElementType::float64)
    heavy_ball_step<double>(anchor, outer_gradient, momentum_, options_);
  else
    heavy_ball_step<float>(anchor, outer_gradient, momentum_, options_);
}

void HeavyBall::look_ahead(Vector& parameters) const {
  if (momentum_.defined())
    look_ahead_along(parameters, momentum_, options_.learning_rate * options_.momentum);
}

State HeavyBall::state() const {
  State state;
  if (momentum_.defined()) state.tensors["outer_momentum"] = momentum_;
  return state;
}

void HeavyBall::restore(const State& state) {
  if (momentum_.defined()) state.copy_into("outer_momentum", momentum_);
}

}  // namespace muster::inline optim
