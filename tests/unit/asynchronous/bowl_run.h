#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "muster/asynchronous/virtual_run.h"
#include "tests/unit/asynchronous/bowl_worker.h"

namespace muster {

using MakeOuter = std::function<std::unique_ptr<OuterOptimizer>(int64_t, ElementType)>;
using MakeWorker = std::function<std::unique_ptr<AsyncWorker>()>;

/// So many doubles of one value.
inline Vector doubles(int64_t size, double value) {
  Vector vector = uninitialised_vector(size, ElementType::float64);
  fill(vector, value);
  return vector;
}

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

  int64_t workers() const { return static_cast<int64_t>(seconds.size()); }
  /// Of every shard.
  LearningRate learning_rate() const { return {rate, rounds * local_steps}; }
};

/// An asynchronous run on the quadratic with everything it borrows.
class BowlRun {
 public:
  explicit BowlRun(const BowlRunOptions& options, const MakeOuter& outer,
                   std::unique_ptr<Correction> correction = nullptr, EventLogWriter* record = nullptr,
                   const MakeWorker& worker = {})
      : pool_(options.threads),
        clock_(speed_curves({.seconds_per_step = options.seconds, .workers = options.workers()}),
               options.outages, {}),
        server_(make_server(options, outer, std::move(correction))) {
    VirtualRunParts parts{*server_, clock_, pool_, {}, record};
    for (int64_t number = 0; number < options.workers(); ++number)
      parts.workers.push_back(worker ? worker()
                                     : std::make_unique<BowlWorker>(options.learning_rate(), options.batch));
    const int64_t steps = options.local_steps * options.workers();
    run_ = std::make_unique<VirtualRun>(
        std::move(parts), VirtualRunOptions{.total_steps = options.rounds * steps, .evaluate_every = steps});
  }

  /// One that nobody has joined, as this one was made.
  static std::unique_ptr<AsyncServer> make_server(const BowlRunOptions& options, const MakeOuter& outer,
                                                  std::unique_ptr<Correction> correction = nullptr) {
    DispatchOptions dispatch;
    dispatch.local_steps = {options.local_steps, options.dynamic, 1};
    dispatch.grace = options.grace;
    dispatch.sampling = {options.rule, std::vector<int64_t>(options.seconds.size(), 1)};
    dispatch.seed = 3;
    AsyncServerParts parts{std::make_unique<Dispatcher>(dispatch),
                           std::make_unique<PolynomialWeight>(options.weight), std::move(correction),
                           outer(Bowl::size, ElementType::float64)};
    return std::make_unique<AsyncServer>(
        std::move(parts), AsyncServerOptions{options.max_norm, options.look_ahead, options.outliers},
        doubles(Bowl::size, 1));
  }

  VirtualRun& run() { return *run_; }
  AsyncServer& server() { return *server_; }

 private:
  ThreadPool pool_;
  VirtualClock clock_;
  std::unique_ptr<AsyncServer> server_;
  std::unique_ptr<VirtualRun> run_;
};

}  // namespace muster
