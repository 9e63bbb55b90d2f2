#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "muster/base/random.h"
#include "muster/flat/vector.h"
#include "muster/libtorch/local_updates.h"
#include "muster/libtorch/tensor_vector.h"
#include "muster/optim/sgd.h"
#include "muster/schedule/learning_rate.h"
#include "muster/task/samplers/samplers.h"
#include "muster/task/task.h"

namespace muster {

/// Linear regression with a gradient by formula: the same arithmetic as a Task for our own method and as a
/// loop of one's own.
inline constexpr int64_t inputs = 6, outputs = 3, train_samples = 96;

inline at::Tensor drawn(std::vector<int64_t> shape, uint64_t which, at::ScalarType type) {
  at::Tensor values = at::empty(shape, at::kDouble);
  RandomStream stream({.seed = 5, .purpose = Purpose::test, .a = which, .b = 0});
  for (int64_t i = 0; i < values.numel(); ++i) values.data_ptr<double>()[i] = stream.normal();
  return values.to(type);
}

inline Layout linear_layout() {
  Layout layout;
  layout.add("weight", {outputs, inputs});
  layout.add("bias", {outputs});
  return layout;
}

/// loss = |x W^T + b - y|^2 / (2 batch); writes its gradient.
inline double linear_gradient(const at::Tensor& weight, const at::Tensor& bias, const Batch& batch,
                              at::Tensor weight_gradient, at::Tensor bias_gradient) {
  const at::NoGradGuard no_grad;
  const at::Tensor error = at::matmul(batch.inputs, weight.t()).add_(bias).sub_(batch.targets);
  const auto scale = 1.0 / static_cast<double>(batch.inputs.size(0));
  weight_gradient.copy_(at::matmul(error.t(), batch.inputs).mul_(scale));
  bias_gradient.copy_(error.sum(0).mul_(scale));
  return 0.5 * scale * error.square().sum().item<double>();
}

class LinearModel final : public Model {
 public:
  explicit LinearModel(ElementType type) : type_(type) {}
  const Layout& parameters() const override { return layout_; }
  const Layout& buffers() const override { return none_; }
  ElementType type() const override { return type_; }
  void bind(at::Tensor parameters, at::Tensor gradient, at::Tensor) override {
    parameters_ = parameters;
    for (const Piece& piece : layout_.pieces()) {
      values_.push_back(view_of(parameters, piece));
      gradients_.push_back(view_of(gradient, piece));
    }
  }
  void initialise(ThreadPool&) override { parameters_.copy_(drawn({layout_.size()}, 1, scalar_type(type_))); }
  double loss_and_gradient(const Batch& batch, const RandomKey&) override {
    return linear_gradient(values_[0], values_[1], batch, gradients_[0], gradients_[1]);
  }
  Score score(const Batch&) override { return {}; }
  void start_statistics() override {}
  void observe(const Batch&) override {}

 private:
  ElementType type_;
  Layout layout_ = linear_layout(), none_;
  at::Tensor parameters_;
  std::vector<at::Tensor> values_, gradients_;
};

class LinearTask final : public Task {
 public:
  explicit LinearTask(ElementType type)
      : type_(type),
        x_(drawn({train_samples, inputs}, 2, scalar_type(type))),
        y_(drawn({train_samples, outputs}, 3, scalar_type(type))) {}
  std::string name() const override { return "linear"; }
  std::unique_ptr<Model> make_model() const override { return std::make_unique<LinearModel>(type_); }
  int64_t train_size() const override { return train_samples; }
  int64_t test_size() const override { return 0; }
  Batch train_batch(std::span<const int64_t> samples, int64_t) const override {
    const at::Tensor index = at::tensor(at::ArrayRef<int64_t>(samples.data(), samples.size()));
    return {x_.index_select(0, index), y_.index_select(0, index)};
  }
  Batch test_batch(int64_t, int64_t) const override { return {}; }
  int64_t activation_bytes(int64_t) const override { return 0; }

 private:
  ElementType type_;
  at::Tensor x_, y_;
};

/// A loop of one's own over the same model: plain tensors with .grad, an optimizer, LocalUpdates.
class LinearLoop {
 public:
  /// What one rank has when it is asked for one more step.
  struct Setting {
    int64_t total_steps = 60, batch = 4;
    SgdOptions sgd{.momentum = 0.9, .weight_decay = 1e-3};
    LearningRateOptions rate{.shape = LearningRateShape::cosine, .peak = 0.05, .warmup_steps = 5};
    ElementType type = ElementType::float32;
  };

  LinearLoop(Communicator& group, std::unique_ptr<SyncSchedule> schedule, const Setting& setting,
             LocalUpdatesOptions options = {})
      : setting_(setting),
        task_(setting.type),
        sampler_({.samples = train_samples, .workers = group.size(), .batch = setting.batch, .seed = 3}),
        rate_(setting.rate, setting.total_steps),
        rank_(group.rank()),
        gradient_(flat_vector(layout_.size(), setting.type)),
        optimizer_(setting.sgd, layout_, setting.type) {
    const at::Tensor start = drawn({layout_.size()}, 1, scalar_type(setting.type)),
                     gradient = tensor_of(gradient_);
    for (const Piece& piece : layout_.pieces()) {
      values.push_back(view_of(start, piece).clone().requires_grad_(true));
      values.back().mutable_grad() = view_of(gradient, piece);
    }
    local.emplace(values, group, std::move(schedule), setting.total_steps, std::move(options));
  }

  /// Gradient, inner step, and the two lines of LocalUpdates.
  std::optional<MeetingReport> step() {
    const int64_t step = local->steps_done();
    const Batch batch = task_.train_batch(sampler_.samples(step, rank_), 0);
    const double loss = linear_gradient(values[0], values[1], batch, values[0].grad(), values[1].grad());
    local->average_gradients(rate_.at(step));
    Vector parameters = local->parameters();
    optimizer_.step(parameters, gradient_, rate_.at(step));
    return local->step(rate_.at(step), loss);
  }

  std::vector<MeetingReport> finish() {
    std::vector<MeetingReport> reports;
    while (local->steps_done() < setting_.total_steps)
      if (const auto report = step()) reports.push_back(*report);
    return reports;
  }

  /// Of everything, the optimizer too; copies.
  State state() {
    State state;
    state.insert("local", local->state());
    state.insert("optimizer", optimizer_.state());
    for (auto& [name, tensor] : state.tensors) tensor.values = tensor.values.copy();
    return state;
  }
  void restore(const State& state) {
    local->restore(state.part_of("local"));
    optimizer_.restore(state.part_of("optimizer"));
  }

  std::vector<at::Tensor> values;
  std::optional<LocalUpdates> local;

 private:
  Setting setting_;
  LinearTask task_;
  PermutationSampler sampler_;
  LearningRate rate_;
  int rank_;
  Layout layout_ = linear_layout();
  Vector gradient_;
  Sgd optimizer_;
};

}  // namespace muster
