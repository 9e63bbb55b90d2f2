#include "muster/optim/adamw.h"

#include <cmath>

#include "muster/base/error.h"
#include "muster/flat/vector.h"
#include "muster/optim/adamw_kernel.h"

namespace muster::inline optim {

AdamW::AdamW(const AdamWOptions& options, const Layout& layout, ElementType type)
    : options_(options),
      size_(layout.size()),
      type_(type),
      segments_(decay_segments(layout, options.decay_norm_and_bias || options.weight_decay == 0)) {
  options_.validate();
  first_ = flat_vector(size_, type_);
  second_ = flat_vector(size_, type_);
}

template <class T>
void AdamW::step_as(Vector& parameters, const Vector& gradient, double learning_rate, double gradient_scale) {
  T* const p = parameters.data<T>();
  const T* const g = gradient.data<T>();
  T* const first = first_.data<T>();
  T* const second = second_.data<T>();
  const double correction1 = 1 - kernel::power(options_.beta1, steps_);
  const double correction2 = 1 - kernel::power(options_.beta2, steps_);
  for (const DecaySegment& segment : segments_) {
    const double decay = segment.decayed ? options_.weight_decay : 0;
    const kernel::AdamWStep<T> step{.gradient_scale = static_cast<T>(gradient_scale),
                                    .shrink = static_cast<T>(1 - learning_rate * decay),
                                    .beta1 = static_cast<T>(options_.beta1),
                                    .one_minus_beta1 = static_cast<T>(1 - options_.beta1),
                                    .beta2 = static_cast<T>(options_.beta2),
                                    .one_minus_beta2 = static_cast<T>(1 - options_.beta2),
                                    .rate = static_cast<T>(learning_rate / correction1),
                                    .root_correction = static_cast<T>(1 / std::sqrt(correction2)),
                                    .epsilon = static_cast<T>(options_.epsilon)};
    const int64_t begin = segment.begin;
    kernel::adamw(p + begin, g + begin, first + begin, second + begin, segment.size, step);
  }
}

void AdamW::step(Vector& parameters, const Vector& gradient, double learning_rate, double gradient_scale) {
  require_flat(parameters, size_, type_, "parameters of AdamW");
  require_flat(gradient, size_, type_, "gradient of AdamW");
  ++steps_;
  if (type_ == ElementType::float64)
    step_as<double>(parameters, gradient, learning_rate, gradient_scale);
  else
    step_as<float>(parameters, gradient, learning_rate, gradient_scale);
}

void AdamW::reset() {
  first_.fill_zero();
  second_.fill_zero();
  steps_ = 0;
}

State AdamW::state() const {
  State state;
  state.numbers.set("steps", steps_);
  state.tensors["first_moment"] = first_;
  state.tensors["second_moment"] = second_;
  return state;
}

void AdamW::restore(const State& state) {
  const int64_t steps = state.numbers.integer("steps");
  if (steps < 0)
    throw CheckpointError("state of AdamW: steps = " + std::to_string(steps) + ", must not be negative");
  state.copy_into("first_moment", first_);
  state.copy_into("second_moment", second_);
  steps_ = steps;
}

}  // namespace muster::inline optim
