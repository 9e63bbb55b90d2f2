#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "muster/comm/thread_group.h"
#include "muster/flat/vector.h"
#include "muster/optim/nesterov.h"
#include "tests/unit/method/small_run.h"
#include "tests/unit/rounds/overlap_formulas.h"

namespace muster {

/// Quadratic as a model.
class QuadraticModel final : public Model {
 public:
  const Layout& parameters() const override { return layout_; }
  const Layout& buffers() const override { return none_; }
  ElementType type() const override { return ElementType::float64; }
  void bind(at::Tensor parameters, at::Tensor gradient, at::Tensor) override {
    parameters_ = parameters;
    gradient_ = gradient;
  }
  void initialise(ThreadPool&) override { parameters_.zero_(); }
  double loss_and_gradient(const Batch& batch, const RandomKey&) override {
    const auto* const samples = batch.targets.data_ptr<int64_t>();
    const std::vector<int64_t> drawn(samples, samples + batch.size());
    double loss = 0;
    for (int64_t i = 0; i < Quadratic::size; ++i) {
      const double away = parameters_.data_ptr<double>()[i] - Quadratic::target(drawn, i);
      gradient_.data_ptr<double>()[i] = Quadratic::curvature(i) * away;
      loss += 0.5 * Quadratic::curvature(i) * away * away;
    }
    return loss;
  }
  Score score(const Batch& batch) override { return {.loss = 0, .correct = 0, .samples = batch.size()}; }
  void start_statistics() override {}
  void observe(const Batch&) override {}

 private:
  Layout layout_ = Quadratic::layout(), none_;
  at::Tensor parameters_, gradient_;
};

class QuadraticTask final : public Task {
 public:
  std::string name() const override { return "quadratic"; }
  std::unique_ptr<Model> make_model() const override { return std::make_unique<QuadraticModel>(); }
  int64_t train_size() const override { return 64; }
  int64_t test_size() const override { return 1; }
  Batch train_batch(std::span<const int64_t> samples, int64_t) const override {
    at::Tensor indices = at::empty({static_cast<int64_t>(samples.size())}, at::kLong);
    std::copy(samples.begin(), samples.end(), indices.data_ptr<int64_t>());
    return {indices, indices};
  }
  Batch test_batch(int64_t, int64_t) const override { return {at::zeros({1}), at::zeros({1}, at::kLong)}; }
  int64_t activation_bytes(int64_t) const override { return 0; }
};

struct OverlapRunOptions {
  OverlapOptions overlap{};
  int64_t workers = 4, steps = 24, period = 6, batch = 4;
  int threads = 1;
  bool adam = false;
  bool nesterov = false;
  std::optional<Compression> compression{};
};

inline std::unique_ptr<OuterOptimizer> outer_of(const OverlapRunOptions& options, const Task& task) {
  const auto model = task.make_model();
  if (!options.nesterov) return std::make_unique<PlainAverage>();
  return std::make_unique<Nesterov>(NesterovOptions{}, model->parameters().size(), model->type());
}

/// One process's part of a run whose meetings may overlap with local steps.
class OverlapRun {
 public:
  OverlapRun(const Task& task, Communicator& group, const OverlapRunOptions& options)
      : pool_((use_single_threaded_kernels(), options.threads), use_single_threaded_kernels_here),
        averager_(group, pool_, options.compression),
        sampler_(
            {.samples = task.train_size(), .workers = options.workers, .batch = options.batch, .seed = 3}),
        rate_({.shape = LearningRateShape::cosine, .peak = 0.05}, options.steps),
        method_({task, sampler_, pool_, averager_, rate_, constant(options.period), outer_of(options, task),
                 options.adam ? adamw() : sgd({.momentum = 0, .weight_decay = 0})},
                {.total_steps = options.steps,
                 .hosted_workers = options.workers / group.size(),
                 .seed = 3,
                 .overlap = options.overlap}) {}

  Synchronous& method() { return method_; }
  Averager& averager() { return averager_; }
  const LearningRate& rate() const { return rate_; }
  const Sampler& sampler() const { return sampler_; }

  std::vector<RoundReport> finish(int64_t stretch = 1000) {
    std::vector<RoundReport> rounds;
    while (auto progress = method_.advance(stretch)) {
      EXPECT_GE(progress->steps, 1);
      if (progress->round) rounds.push_back(*progress->round);
    }
    return rounds;
  }
  Vector parameters() {
    Vector out = method_.replicas()[0]->parameters().copy();
    out.copy_from(method_.mean_parameters());
    return out;
  }
  const Vector& replica(size_t hosted) { return method_.replicas()[hosted]->parameters(); }

 private:
  ThreadPool pool_;
  Averager averager_;
  PermutationSampler sampler_;
  LearningRate rate_;
  Synchronous method_;
};

/// The parameters at the end of a run in one process.
inline Vector outcome(const Task& task, const OverlapRunOptions& options, int64_t stretch = 1000) {
  Solo group;
  OverlapRun run(task, group, options);
  run.finish(stretch);
  for (const auto& replica : run.method().replicas())
    EXPECT_TRUE(same_bits(replica->parameters(), run.parameters()));
  return run.parameters();
}

}  // namespace muster
