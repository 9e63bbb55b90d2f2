#include "muster/optim/buffered.h"

#include <utility>

#include "muster/flat/arithmetic.h"
#include "muster/flat/vector.h"
#include "muster/optim/async_outer_kernel.h"
#include "muster/optim/async_outer_options.h"

namespace muster::inline optim {

Buffered::Buffered(std::unique_ptr<OuterOptimizer> outer, int64_t delay, int64_t size, ElementType type)
    : outer_(std::move(outer)), delay_(delay) {
  async_outer::check_delay(delay);
  sum_ = flat_vector(size, type);
}

void Buffered::step(Vector& anchor, const Vector& outer_gradient, double inner_learning_rate) {
  require_flat(anchor, sum_.size(), sum_.type(), "anchor of Buffered");
  require_flat(outer_gradient, anchor.size(), anchor.type(), "outer gradient of Buffered");
  if (sum_.type() == ElementType::float64)
    kernel::accumulate(sum_.data<double>(), outer_gradient.data<double>(), sum_.size());
  else
    kernel::accumulate(sum_.data<float>(), outer_gradient.data<float>(), sum_.size());
  if (++calls_ < delay_) return;
  divide(sum_, static_cast<double>(delay_));
  outer_->step(anchor, sum_, inner_learning_rate);
  sum_.fill_zero();
  calls_ = 0;
}

State Buffered::state() const {
  State state;
  state.numbers.set("calls", calls_);
  state.tensors["contributions"] = sum_;
  state.insert("outer", outer_->state());
  return state;
}

void Buffered::restore(const State& state) {
  calls_ = state.numbers.integer("calls");
  state.copy_into("contributions", sum_);
  outer_->restore(state.part_of("outer"));
}

}  // namespace muster::inline optim
