#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "muster/asynchronous/async_worker.h"
#include "muster/flat/vector.h"
#include "muster/method/replica.h"
#include "muster/schedule/learning_rate.h"
#include "muster/task/samplers/sampler.h"
#include "muster/task/task.h"

namespace muster::inline method {

struct ReplicaWorkerOptions {
  uint64_t seed = 0;                ///< of dropout and the like
  double clip = 0;                  ///< largest global gradient norm; 0: no clipping
  bool reset_optimizer = false;     ///< the inner optimizer begins anew in every round
  bool first_step_at_peak = false;  ///< the first step of a round takes the peak of the learning rate, as in
                                    ///< the notebook of Liu et al. (its scheduler starts one step late)
};

/// The parts of a worker. What is borrowed must outlive it.
struct ReplicaWorkerParts {
  const Task& task;
  const Sampler& sampler;                           ///< over the shards: its worker i is shard i
  const std::vector<LearningRate>& learning_rates;  ///< of every shard's steps
  std::function<std::unique_ptr<InnerOptimizer>(const Layout&, ElementType)> make_inner;
};

/// The worker of an asynchronous run that trains a task: a model and an inner optimizer, whose state stays
/// with it over its rounds and is never sent (Liu et al. 2024, appendix). Step j of a round takes the batch
/// and the learning rate of step first_step + j of its shard (Eq. 3).
class ReplicaWorker final : public AsyncWorker {
 public:
  ReplicaWorker(ReplicaWorkerParts parts, const ReplicaWorkerOptions& options);

  void begin(const Assignment& assignment, const Vector& start) override;
  int64_t advance(int64_t at_most) override;
  Contribution finish() override;
  void reset_optimizer() override { replica_.optimizer().reset(); }
  /// Parameters, buffers and optimizer.
  State state() const override { return replica_.state(); }
  void restore(const State& state) override { replica_.restore(state); }

  Replica& replica() { return replica_; }

 private:
  static Replica make_replica(ReplicaWorkerParts& parts);
  double learning_rate_of(int64_t step_of_round) const;

  ReplicaWorkerParts parts_;
  ReplicaWorkerOptions options_;
  Replica replica_;
  Assignment assignment_{};
  Vector start_;
  int64_t done_ = 0;
  int64_t samples_ = 0;
  double loss_sum_ = 0;
};

}  // namespace muster::inline method
