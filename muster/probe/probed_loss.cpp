#include "muster/probe/probed_loss.h"

#include <ATen/Functions.h>

#include <numeric>
#include <span>

#include "muster/base/error.h"
#include "muster/libtorch/tensor_vector.h"

namespace muster::inline probe {

namespace {

// The first `count` of a random order of 0 ... size - 1 (Fisher and Yates).
std::vector<int64_t> drawn(int64_t size, int64_t count, uint64_t seed) {
  std::vector<int64_t> order(static_cast<size_t>(size));
  std::iota(order.begin(), order.end(), 0);
  RandomStream stream({seed, Purpose::probe, 0, 1});
  for (int64_t i = 0; i < count; ++i) {
    const auto other = i + static_cast<int64_t>(stream.below(static_cast<uint64_t>(size - i)));
    std::swap(order[static_cast<size_t>(i)], order[static_cast<size_t>(other)]);
  }
  order.resize(static_cast<size_t>(count));
  return order;
}

}  // namespace

ProbedLoss::ProbedLoss(const Task& task, int64_t samples, int64_t batch, uint64_t seed)
    : task_(task),
      batch_(batch),
      seed_(seed),
      model_(task.make_model()),
      parameters_(flat_tensor(model_->parameters().size(), model_->type())),
      gradient_(flat_tensor(model_->parameters().size(), model_->type())),
      buffers_(flat_tensor(model_->buffers().size(), model_->type())) {
  invariant(batch >= 1 && batch <= samples && samples <= task.train_size(), "a probe of another size");
  model_->bind(parameters_, gradient_, buffers_);
  const std::vector<int64_t> chosen = drawn(task.train_size(), samples, seed);
  for (int64_t first = 0; first + batch <= samples; first += batch)
    batches_.push_back(task.train_batch(
        std::span(chosen).subspan(static_cast<size_t>(first), static_cast<size_t>(batch)), 0));
}

double ProbedLoss::loss_and_gradient(int64_t batch) {
  return model_->loss_and_gradient(batches_[static_cast<size_t>(batch)],
                                   {seed_, Purpose::dropout, 0, static_cast<uint64_t>(batch)});
}

LinearMap ProbedLoss::hessian() {
  return [this, part = at::empty_like(parameters_)](const at::Tensor& vector, at::Tensor& out) mutable {
    out.zero_();
    const double share = 1.0 / static_cast<double>(batches_.size());
    for (size_t i = 0; i < batches_.size(); ++i) {
      model_->hessian_product(batches_[i], {seed_, Purpose::dropout, 0, static_cast<uint64_t>(i)}, vector,
                              part);
      out.add_(part, share);
    }
  };
}

at::Tensor ProbedLoss::initial_parameters() const {
  ThreadPool alone(1);
  return tensor_of(initial_values(*task_.make_model(), alone).parameters);
}

}  // namespace muster::inline probe
