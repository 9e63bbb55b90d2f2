#include "muster/optim/sgd.h"

#include "muster/flat/vector.h"
#include "muster/optim/sgd_kernel.h"

namespace muster::inline optim {

Sgd::Sgd(const SgdOptions& options, const Layout& layout, ElementType type)
    : options_(options),
      size_(layout.size()),
      type_(type),
      segments_(decay_segments(layout, options.decay_norm_and_bias || options.weight_decay == 0)) {
  options_.validate();
  if (options_.momentum > 0) momentum_ = flat_vector(size_, type_);
}

template <class T>
void Sgd::step_as(Vector& parameters, const Vector& gradient, double learning_rate, double gradient_scale) {
  T* const p = parameters.data<T>();
  const T* const g = gradient.data<T>();
  T* const momentum = momentum_.defined() ? momentum_.data<T>() : nullptr;
  // The first step keeps nothing and takes all of g, dampening or not.
  const double keep = started_ ? options_.momentum : 0, take = started_ ? 1 - options_.dampening : 1;
  const double of_gradient = options_.nesterov || !momentum ? learning_rate : 0;
  const double of_momentum = options_.nesterov ? learning_rate * options_.momentum : learning_rate;
  for (const DecaySegment& segment : segments_) {
    const double decay = segment.decayed ? options_.weight_decay : 0;
    const kernel::SgdStep<T> step{static_cast<T>(gradient_scale), static_cast<T>(decay),
                                  static_cast<T>(keep),           static_cast<T>(take),
                                  static_cast<T>(of_gradient),    static_cast<T>(of_momentum)};
    if (momentum)
      kernel::sgd(p + segment.begin, g + segment.begin, momentum + segment.begin, segment.size, step);
    else
      kernel::sgd(p + segment.begin, g + segment.begin, segment.size, step);
  }
}

void Sgd::step(Vector& parameters, const Vector& gradient, double learning_rate, double gradient_scale) {
  require_flat(parameters, size_, type_, "parameters of Sgd");
  require_flat(gradient, size_, type_, "gradient of Sgd");
  if (type_ == ElementType::float64)
    step_as<double>(parameters, gradient, learning_rate, gradient_scale);
  else
    step_as<float>(parameters, gradient, learning_rate, gradient_scale);
  started_ = true;
}

std::vector<Vector> Sgd::moments() {
  if (!momentum_.defined()) return {};
  return {momentum_};
}

void Sgd::reset() {
  if (momentum_.defined()) momentum_.fill_zero();
  started_ = false;
}

State Sgd::state() const {
  State state;
  state.numbers.set("started", static_cast<int64_t>(started_));
  if (momentum_.defined()) state.tensors["momentum"] = momentum_;
  return state;
}

void Sgd::restore(const State& state) {
  const bool started = state.numbers.integer("started") != 0;
  if (momentum_.defined()) state.copy_into("momentum", momentum_);
  started_ = started;
}

}  // namespace muster::inline optim
