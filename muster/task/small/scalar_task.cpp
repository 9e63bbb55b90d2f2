#include "muster/task/small/scalar_task.h"

#include <ATen/Functions.h>

#include <algorithm>

#include "muster/base/error.h"
#include "muster/libtorch/tensor_vector.h"

namespace muster::inline task {

namespace {

class ScalarModel final : public Model {
 public:
  ScalarModel(const ScalarShape& shape, uint64_t seed, at::ScalarType type)
      : shape_(shape), seed_(seed), type_(type) {
    layout_.add("hidden.weight", {shape.hidden, shape.inputs});
    layout_.add("hidden.bias", {shape.hidden}, true);
    layout_.add("output.weight", {1, shape.hidden});
    layout_.add("output.bias", {1}, true);
  }

  const Layout& parameters() const override { return layout_; }
  const Layout& buffers() const override { return no_buffers_; }
  ElementType type() const override { return element_type(type_); }

  void bind(at::Tensor parameters, at::Tensor gradient, at::Tensor buffers) override {
    invariant(parameters.numel() == layout_.size() && buffers.numel() == 0 &&
                  (!gradient.defined() || gradient.numel() == layout_.size()),
              "a model was bound to vectors of another size");
    parameters_ = parameters;
    gradient_ = gradient;
    const bool exact = type_ == at::kDouble;
    weights_ = exact ? parameters : flat_tensor(layout_.size(), at::kDouble);
    exact_gradient_ = exact || !gradient.defined() ? gradient : flat_tensor(layout_.size(), at::kDouble);
  }

  void initialise(ThreadPool&) override {
    invariant(parameters_.defined(), "initialise before bind");
    scalar_initial_weights(shape_, seed_, weights_.data_ptr<double>());
    if (type_ != at::kDouble) parameters_.copy_(weights_);
  }

  double loss_and_gradient(const Batch& batch, const RandomKey&) override {
    invariant(gradient_.defined(), "loss_and_gradient before bind");
    const double sum = loss(batch, exact_gradient_.data_ptr<double>());
    if (type_ != at::kDouble) gradient_.copy_(exact_gradient_);
    return sum / static_cast<double>(batch.size());
  }

  Score score(const Batch& batch) override { return {loss(batch, nullptr), 0, batch.size()}; }
  void start_statistics() override {}
  void observe(const Batch&) override {}

 private:
  double loss(const Batch& batch, double* gradient) const {
    invariant(parameters_.defined(), "a loss before bind");
    if (type_ != at::kDouble) weights_.copy_(parameters_);
    return scalar_loss(shape_, weights_.data_ptr<double>(), batch.inputs.data_ptr<double>(),
                       batch.targets.data_ptr<double>(), batch.size(), gradient);
  }

  ScalarShape shape_;
  uint64_t seed_;
  at::ScalarType type_;
  Layout layout_;
  Layout no_buffers_;
  at::Tensor weights_;  // double; the bound parameters themselves where these are
  at::Tensor parameters_, gradient_;
  at::Tensor exact_gradient_;
};

Batch empty_batch(int64_t count, int64_t inputs) {
  return {at::empty({count, inputs}, at::kDouble), at::empty({count}, at::kDouble)};
}

}  // namespace

void ScalarTaskOptions::validate() const {
  for (const int64_t count : {shape.inputs, shape.hidden, train, test})
    if (count < 1)
      throw OptionError("task.scalar", std::to_string(count),
                        "inputs, hidden, train and test must be at least 1");
}

ScalarTask::ScalarTask(const ScalarTaskOptions& options) : options_(options) {
  options_.validate();
  const int64_t count = options_.train + options_.test;
  inputs_.resize(static_cast<size_t>(count * options_.shape.inputs));
  targets_.resize(static_cast<size_t>(count));
  scalar_samples(options_.shape, options_.seed, 0, count, inputs_.data(), targets_.data());
}

std::unique_ptr<Model> ScalarTask::make_model() const {
  return std::make_unique<ScalarModel>(options_.shape, options_.seed, options_.type);
}

Batch ScalarTask::train_batch(std::span<const int64_t> samples, int64_t) const {
  const int64_t width = options_.shape.inputs;
  const Batch batch = empty_batch(static_cast<int64_t>(samples.size()), width);
  for (size_t i = 0; i < samples.size(); ++i) {
    invariant(samples[i] >= 0 && samples[i] < options_.train, "a sample index lies outside the data");
    std::copy_n(inputs_.data() + samples[i] * width, width,
                batch.inputs.data_ptr<double>() + static_cast<int64_t>(i) * width);
    batch.targets.data_ptr<double>()[i] = targets_[static_cast<size_t>(samples[i])];
  }
  return batch;
}

Batch ScalarTask::test_batch(int64_t first, int64_t count) const {
  invariant(first >= 0 && count >= 0 && first + count <= options_.test,
            "a sample index lies outside the data");
  const int64_t width = options_.shape.inputs, start = options_.train + first;
  const Batch batch = empty_batch(count, width);
  std::copy_n(inputs_.data() + start * width, count * width, batch.inputs.data_ptr<double>());
  std::copy_n(targets_.data() + start, count, batch.targets.data_ptr<double>());
  return batch;
}

int64_t ScalarTask::activation_bytes(int64_t batch) const {
  return batch * (options_.shape.inputs + 1) * static_cast<int64_t>(sizeof(double));
}

}  // namespace muster::inline task
