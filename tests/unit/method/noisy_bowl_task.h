#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <string>
#include <vector>

#include "muster/base/random.h"
#include "muster/task/task.h"

namespace muster {

/// loss(x; sample) = sum_i a_i (x_i - t_i(sample))^2 / 2 in double precision, with a_i from 0.5 to 2 and
/// every sample's own t.
class NoisyBowlModel final : public Model {
 public:
  explicit NoisyBowlModel(int64_t size) {
    layout_.add("x", {size});
    curvature_ = at::linspace(0.5, 2, size, at::kDouble);
  }
  const Layout& parameters() const override { return layout_; }
  const Layout& buffers() const override { return no_buffers_; }
  ElementType type() const override { return ElementType::float64; }
  void bind(at::Tensor parameters, at::Tensor gradient, at::Tensor) override {
    parameters_ = parameters;
    gradient_ = gradient;
  }
  void initialise(ThreadPool&) override { parameters_.fill_(1); }
  double loss_and_gradient(const Batch& batch, const RandomKey&) override {
    const at::Tensor off = parameters_ - batch.inputs;
    gradient_.copy_(curvature_ * off.mean(0));
    return (curvature_ * off * off).sum().item<double>() / 2 / static_cast<double>(batch.size());
  }
  Score score(const Batch& batch) override {
    const at::Tensor off = parameters_ - batch.inputs;
    return {(curvature_ * off * off).sum().item<double>() / 2, 0, batch.size()};
  }
  void start_statistics() override {}
  void observe(const Batch&) override {}

 private:
  Layout layout_, no_buffers_;
  at::Tensor parameters_, gradient_, curvature_;
};

class NoisyBowlTask final : public Task {
 public:
  explicit NoisyBowlTask(int64_t size = 11, int64_t samples = 64) : size_(size), samples_(samples) {}
  std::string name() const override { return "bowl"; }
  std::unique_ptr<Model> make_model() const override { return std::make_unique<NoisyBowlModel>(size_); }
  int64_t train_size() const override { return samples_; }
  int64_t test_size() const override { return samples_; }
  Batch train_batch(std::span<const int64_t> samples, int64_t) const override {
    const auto count = static_cast<int64_t>(samples.size());
    Batch batch{at::empty({count, size_}, at::kDouble), at::zeros({count}, at::kLong)};
    double* place = batch.inputs.data_ptr<double>();
    for (const int64_t sample : samples) {
      RandomStream stream({.seed = 5, .purpose = Purpose::test, .a = static_cast<uint64_t>(sample), .b = 77});
      for (int64_t i = 0; i < size_; ++i) *place++ = stream.normal();
    }
    return batch;
  }
  Batch test_batch(int64_t first, int64_t count) const override {
    std::vector<int64_t> samples;
    for (int64_t i = 0; i < count; ++i) samples.push_back(first + i);
    return train_batch(samples, 0);
  }
  int64_t activation_bytes(int64_t) const override { return 0; }

 private:
  int64_t size_, samples_;
};

}  // namespace muster
