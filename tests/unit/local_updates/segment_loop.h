#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "muster/flat/segments.h"
#include "muster/local_updates/local_updates.h"
#include "muster/schedule/learning_rate.h"
#include "tests/support/vectors.h"

namespace muster {

/// Linear regression in plain loops: y = W x + b, with gradients by formula and momentum by hand.
inline constexpr size_t inputs = 6, outputs = 3, train_samples = 96;
inline constexpr size_t column = outputs + 1;  // W lies in columns, with a gap behind each

struct LinearSetting {
  int64_t total_steps = 60;
  size_t batch = 4;
  double momentum = 0.9;
  LearningRateOptions rate{.shape = LearningRateShape::cosine, .peak = 0.05, .warmup_steps = 5};
};

/// The memory of one model, its gradient and its optimizer.
template <class T>
class LinearModel {
 public:
  /// Other values for another `which`.
  explicit LinearModel(uint64_t which = 1)
      : weight(inputs * column, T{-7}),
        weight_gradient(weight.size(), T{-7}),
        momentum_(inputs * outputs + outputs) {
    const Vector drawn = test::noise(static_cast<int64_t>(momentum_.size()), element_type_of<T>, which);
    from_flat(drawn.data<T>());
  }

  /// W as a transposed matrix with gaps, b as it is.
  std::vector<Segment> segments() {
    return {{.values = weight.data(),
             .shape = {outputs, inputs},
             .type = element_type_of<T>,
             .gradient = weight_gradient.data(),
             .strides = {1, column},
             .name = "weight"},
            {.values = bias.data(),
             .shape = {outputs},
             .type = element_type_of<T>,
             .gradient = bias_gradient.data(),
             .name = "bias"}};
  }

  /// loss = |W x + b - y|^2 / (2 batch) of the samples from `first` on, in a circle; writes its gradient.
  double loss_and_gradient(size_t first, size_t batch);
  /// momentum <- momentum * itself + gradient; parameters <- parameters - rate * momentum.
  void descend(double momentum, double rate) {
    visit([&](size_t i, T& value, T gradient) {
      momentum_[i] = static_cast<T>(momentum) * momentum_[i] + gradient;
      value -= static_cast<T>(rate) * momentum_[i];
    });
  }

  /// Parameters or gradients in the order of the segments' elements.
  std::vector<T> flat() {
    std::vector<T> all;
    visit([&](size_t, T& value, T) { all.push_back(value); });
    return all;
  }
  std::vector<T> flat_gradient() {
    std::vector<T> all;
    visit([&](size_t, T&, T gradient) { all.push_back(gradient); });
    return all;
  }
  void from_flat(const T* values) {
    visit([&](size_t i, T& value, T) { value = values[i]; });
  }
  void gradient_from_flat(const T* values) {
    for (size_t o = 0; o < outputs; ++o)
      for (size_t i = 0; i < inputs; ++i) weight_gradient[i * column + o] = *values++;
    for (size_t o = 0; o < outputs; ++o) bias_gradient[o] = *values++;
  }
  /// All of it gets other memory; what was there is not it any more.
  void move() {
    for (std::vector<T>* part : {&weight, &bias, &weight_gradient, &bias_gradient}) {
      std::vector<T> elsewhere(*part);
      part->swap(elsewhere);
      std::fill(elsewhere.begin(), elsewhere.end(), T{99});
    }
  }
  std::vector<T>& momentum() { return momentum_; }

  std::vector<T> weight, weight_gradient;
  std::vector<T> bias = std::vector<T>(outputs), bias_gradient = std::vector<T>(outputs);

 private:
  template <class Visit>
  void visit(Visit each) {
    size_t place = 0;
    for (size_t o = 0; o < outputs; ++o)
      for (size_t i = 0; i < inputs; ++i, ++place)
        each(place, weight[i * column + o], weight_gradient[i * column + o]);
    for (size_t o = 0; o < outputs; ++o, ++place) each(place, bias[o], bias_gradient[o]);
  }

  std::vector<T> momentum_;
  Vector x_ = test::noise(train_samples * inputs, element_type_of<T>, 2);
  Vector y_ = test::noise(train_samples * outputs, element_type_of<T>, 3);
};

template <class T>
double LinearModel<T>::loss_and_gradient(size_t first, size_t batch) {
  const T scale = T{1} / static_cast<T>(batch);
  std::vector<T> gradient(inputs * outputs + outputs);
  double loss = 0;
  for (size_t k = 0; k < batch; ++k) {
    const size_t sample = (first + k) % train_samples;
    const T* const in = x_.data<T>() + sample * inputs;
    for (size_t o = 0; o < outputs; ++o) {
      T error = bias[o] - y_.data<T>()[sample * outputs + o];
      for (size_t i = 0; i < inputs; ++i) error += weight[i * column + o] * in[i];
      for (size_t i = 0; i < inputs; ++i) gradient[o * inputs + i] += scale * error * in[i];
      gradient[outputs * inputs + o] += scale * error;
      loss += static_cast<double>(error) * static_cast<double>(error);
    }
  }
  gradient_from_flat(gradient.data());
  return 0.5 * loss / static_cast<double>(batch);
}

/// The first sample of a rank's step: a large batch is that of all ranks together.
inline size_t first_sample(int64_t step, int rank, int ranks, size_t batch) {
  return (static_cast<size_t>(step) * static_cast<size_t>(ranks) + static_cast<size_t>(rank)) * batch;
}

/// A loop of one's own around it.
template <class T>
class SegmentLoop {
 public:
  SegmentLoop(Communicator& group, std::unique_ptr<SyncSchedule> schedule, const LinearSetting& setting,
              LocalUpdatesOptions options = {})
      : model(1 + static_cast<uint64_t>(group.rank())),  // all ranks are to start as rank 0
        local(Segments(model.segments(), [this] { return model.segments(); }), group, std::move(schedule),
              setting.total_steps, std::move(options)),
        setting_(setting),
        rate_(setting.rate, setting.total_steps),
        rank_(group.rank()),
        ranks_(group.size()) {}
  SegmentLoop(const SegmentLoop&) = delete;
  SegmentLoop& operator=(const SegmentLoop&) = delete;

  std::optional<MeetingReport> step() {
    const int64_t step = local.steps_done();
    const double loss =
        model.loss_and_gradient(first_sample(step, rank_, ranks_, setting_.batch), setting_.batch);
    local.average_gradients(rate_.at(step));
    model.descend(setting_.momentum, rate_.at(step));
    return local.step(rate_.at(step), loss);
  }
  std::vector<MeetingReport> finish() {
    std::vector<MeetingReport> reports;
    while (local.steps_done() < setting_.total_steps)
      if (const auto report = step()) reports.push_back(*report);
    return reports;
  }

  /// Of everything, the optimizer too; copies.
  State state() {
    State state;
    state.insert("local", local.state());
    state.tensors["momentum"] = test::vector_from(model.momentum());
    for (auto& [name, tensor] : state.tensors) tensor.values = tensor.values.copy();
    return state;
  }
  void restore(const State& state) {
    local.restore(state.part_of("local"));
    model.momentum() = test::to_std<T>(state.tensors.at("momentum").values);
  }

  LinearModel<T> model;
  LocalUpdates local;

 private:
  LinearSetting setting_;
  LearningRate rate_;
  int rank_, ranks_;
};

}  // namespace muster
