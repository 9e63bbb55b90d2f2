#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "muster/method/virtual_run.h"
#include "muster/optim/sgd.h"
#include "muster/task/samplers.h"
#include "tests/unit/method/noisy_bowl_task.h"

namespace muster {

using MakeOuter = std::function<std::unique_ptr<OuterOptimizer>(int64_t, at::ScalarType)>;

struct BowlRunOptions {
  std::vector<double> seconds = {0.58, 0.75, 1.51, 3.33};
  int64_t local_steps = 5, rounds = 50, batch = 4;
  double grace = 0.5;
  bool dynamic = false;
  ShardRule rule = ShardRule::fixed;
  StalenessWeightOptions weight{};
  double max_norm = 0;
  bool look_ahead = false;
  Outliers outliers = Outliers::warn;
  std::vector<Outage> outages{};
  int threads = 1;
  LearningRateOptions rate{.shape = LearningRateShape::cosine, .peak = 0.2, .warmup_steps = 3};
};

/// An asynchronous run on the quadratic with everything it borrows.
class BowlRun {
 public:
  BowlRun(const BowlRunOptions& options, const MakeOuter& outer,
          std::unique_ptr<Correction> correction = nullptr, EventLogWriter* record = nullptr)
      : workers_(static_cast<int64_t>(options.seconds.size())),
        sampler_({.samples = task_.train_size(), .workers = workers_, .batch = options.batch, .seed = 1}),
        rates_(options.seconds.size(), LearningRate(options.rate, options.rounds * options.local_steps)),
        pool_(options.threads),
        clock_(speed_curves({.seconds_per_step = options.seconds, .workers = workers_}), options.outages, {}),
        server_(make_server(options, outer, std::move(correction))) {
    VirtualRunParts parts{*server_, clock_, pool_, {}, record};
    for (int64_t worker = 0; worker < workers_; ++worker)
      parts.workers.push_back(std::make_unique<AsyncWorker>(
          AsyncWorkerParts{task_, sampler_, rates_,
                           [](const Layout& layout, at::ScalarType type) {
                             return std::make_unique<Sgd>(SgdOptions{.momentum = 0.5}, layout, type);
                           }},
          AsyncWorkerOptions{.seed = 1}));
    run_ = std::make_unique<VirtualRun>(
        std::move(parts), VirtualRunOptions{.total_steps = options.rounds * options.local_steps * workers_,
                                            .evaluate_every = options.local_steps * workers_});
  }

  /// One that nobody has joined, as this one was made.
  static std::unique_ptr<AsyncServer> make_server(const BowlRunOptions& options, const MakeOuter& outer,
                                                  std::unique_ptr<Correction> correction = nullptr) {
    const at::Tensor first = at::ones({11}, at::kDouble);
    DispatchOptions dispatch;
    dispatch.local_steps = {options.local_steps, options.dynamic, 1};
    dispatch.grace = options.grace;
    dispatch.sampling = {options.rule, std::vector<int64_t>(options.seconds.size(), 1)};
    dispatch.seed = 3;
    AsyncServerParts parts{std::make_unique<Dispatcher>(dispatch),
                           std::make_unique<PolynomialWeight>(options.weight), std::move(correction),
                           outer(11, at::kDouble)};
    return std::make_unique<AsyncServer>(
        std::move(parts), AsyncServerOptions{options.max_norm, options.look_ahead, options.outliers}, first);
  }

  VirtualRun& run() { return *run_; }
  AsyncServer& server() { return *server_; }
  const Task& task() const { return task_; }
  const Sampler& sampler() const { return sampler_; }
  const LearningRate& rate() const { return rates_.front(); }

 private:
  NoisyBowlTask task_;
  int64_t workers_;
  ShardSampler sampler_;
  std::vector<LearningRate> rates_;  // by shard
  ThreadPool pool_;
  VirtualClock clock_;
  std::unique_ptr<AsyncServer> server_;
  std::unique_ptr<VirtualRun> run_;
};

}  // namespace muster
