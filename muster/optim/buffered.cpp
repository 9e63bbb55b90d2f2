#include "muster/optim/buffered.h"

#include <utility>

#include "muster/flat/flat_buffer.h"
#include "muster/optim/async_outer_kernel.h"
#include "muster/optim/async_outer_options.h"

namespace muster {

Buffered::Buffered(std::unique_ptr<OuterOptimizer> outer, int64_t delay, int64_t size, at::ScalarType type)
    : outer_(std::move(outer)), delay_(delay) {
  async_outer::check_delay(delay);
  sum_ = flat_vector(size, type);
}

void Buffered::step(at::Tensor& anchor, const at::Tensor& outer_gradient, double inner_learning_rate) {
  require_flat(anchor, sum_.numel(), sum_.scalar_type(), "anchor of Buffered");
  require_flat(outer_gradient, anchor.numel(), anchor.scalar_type(), "outer gradient of Buffered");
  if (sum_.scalar_type() == at::kDouble)
    kernel::accumulate(sum_.data_ptr<double>(), outer_gradient.data_ptr<double>(), sum_.numel());
  else
    kernel::accumulate(sum_.data_ptr<float>(), outer_gradient.data_ptr<float>(), sum_.numel());
  if (++calls_ < delay_) return;
  sum_.div_(static_cast<double>(delay_));
  outer_->step(anchor, sum_, inner_learning_rate);
  sum_.zero_();
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

}  // namespace muster
