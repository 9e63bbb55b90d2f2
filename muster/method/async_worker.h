#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "muster/method/replica.h"
#include "muster/method/server_event.h"
#include "muster/schedule/dispatch.h"
#include "muster/schedule/learning_rate.h"
#include "muster/task/sampler.h"
#include "muster/task/task.h"

namespace muster {

struct AsyncWorkerOptions {
  uint64_t seed = 0;                ///< of dropout and the like
  double clip = 0;                  ///< largest global gradient norm; 0: no clipping
  bool reset_optimizer = false;     ///< the inner optimizer begins anew in every round
  bool first_step_at_peak = false;  ///< the first step of a round takes the peak of the learning rate, as in
                                    ///< the notebook of Liu et al. (its scheduler starts one step late)
};

/// What a worker is put together from. What is borrowed must outlive it.
struct AsyncWorkerParts {
  const Task& task;
  const Sampler& sampler;  ///< over the shards: what it calls a worker is a shard here
  const std::vector<LearningRate>& learning_rates;  ///< of every shard's steps
  std::function<std::unique_ptr<InnerOptimizer>(const Layout&, at::ScalarType)> make_inner;
};

/// A worker of an asynchronous run: a model and an inner optimizer, whose state stays with it over its rounds
/// and is never sent (Liu et al. 2024, appendix). Step j of a round takes the batch and the learning rate of
/// step first_step + j of its shard (Eq. 3). Not for two threads at once; different workers may run at the
/// same time.
class AsyncWorker {
 public:
  AsyncWorker(AsyncWorkerParts parts, const AsyncWorkerOptions& options);

  /// A whole round from `start` (flat, as Task::make_model()->parameters()). The contribution lacks only its
  /// times: completed and compute_seconds are the caller's to fill in. Throws NonFiniteError when a loss is
  /// no longer finite.
  Contribution run(const Assignment& assignment, const at::Tensor& start);

  // The same in pieces, for callers that must look up between two steps.
  void begin(const Assignment& assignment, const at::Tensor& start);
  /// At most so many steps of the round that was begun; returns those that are left.
  int64_t advance(int64_t at_most);
  /// What the steps done so far amount to. REQUIRES: at least one.
  Contribution finish();

  Replica& replica() { return replica_; }
  /// Parameters, buffers and optimizer; REQUIRES: between rounds.
  State state() const { return replica_.state(); }
  void restore(const State& state) { replica_.restore(state); }

 private:
  static Replica make_replica(AsyncWorkerParts& parts);
  double learning_rate_of(int64_t step_of_round) const;

  AsyncWorkerParts parts_;
  AsyncWorkerOptions options_;
  Replica replica_;
  Assignment assignment_{};
  at::Tensor start_;
  int64_t done_ = 0;
  int64_t samples_ = 0;
  double loss_sum_ = 0;
};

}  // namespace muster
