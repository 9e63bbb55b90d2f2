#include "muster/method/replica_worker.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "muster/base/error.h"
#include "muster/flat/arithmetic.h"
#include "muster/flat/vector.h"

namespace muster::inline method {

ReplicaWorker::ReplicaWorker(ReplicaWorkerParts parts, const ReplicaWorkerOptions& options)
    : parts_(std::move(parts)), options_(options), replica_(make_replica(parts_)) {}

Replica ReplicaWorker::make_replica(ReplicaWorkerParts& parts) {
  auto model = parts.task.make_model();
  auto optimizer = parts.make_inner(model->parameters(), model->type());
  return {std::move(model), std::move(optimizer)};
}

void ReplicaWorker::begin(const Assignment& assignment, const Vector& start) {
  Vector& parameters = replica_.parameters();
  require_flat(start, parameters.size(), parameters.type(), "start of a worker's round");
  invariant(assignment.shard >= 0 && static_cast<size_t>(assignment.shard) < parts_.learning_rates.size(),
            "a shard without a learning rate");
  parameters.copy_from(start);
  if (options_.reset_optimizer) replica_.optimizer().reset();
  assignment_ = assignment;
  start_ = start;
  done_ = 0;
  samples_ = 0;
  loss_sum_ = 0;
}

double ReplicaWorker::learning_rate_of(int64_t step_of_round) const {
  const LearningRate& of_shard = parts_.learning_rates[static_cast<size_t>(assignment_.shard)];
  if (step_of_round == 0 && options_.first_step_at_peak) return of_shard.options().peak;
  return of_shard.at(assignment_.first_step + step_of_round);
}

int64_t ReplicaWorker::advance(int64_t at_most) {
  const int64_t last = std::min(done_ + at_most, assignment_.local_steps);
  for (; done_ < last; ++done_) {
    const int64_t step = assignment_.first_step + done_;
    const int64_t shard = assignment_.shard;
    const std::vector<int64_t> samples = parts_.sampler.samples(step, shard);
    const Batch batch = parts_.task.train_batch(samples, parts_.sampler.pass(step, shard));
    const double loss = replica_.compute_gradient(batch, {.seed = options_.seed,
                                                          .purpose = Purpose::dropout,
                                                          .a = static_cast<uint64_t>(shard),
                                                          .b = static_cast<uint64_t>(step)});
    if (!std::isfinite(loss))
      throw NonFiniteError("the loss of worker " + std::to_string(assignment_.worker) +
                           " is no longer finite in step " + std::to_string(done_) +
                           " of its round from version " + std::to_string(assignment_.version));
    replica_.apply_gradient(learning_rate_of(done_), options_.clip);
    loss_sum_ += loss;
    samples_ += batch.size();
  }
  return assignment_.local_steps - done_;
}

Contribution ReplicaWorker::finish() {
  invariant(done_ > 0, "a round without steps has no contribution");
  Contribution contribution;
  contribution.worker = assignment_.worker;
  contribution.sequence = assignment_.sequence;
  contribution.version = assignment_.version;
  contribution.shard = assignment_.shard;
  contribution.local_steps = done_;
  contribution.tokens = samples_;
  contribution.loss = loss_sum_ / static_cast<double>(done_);
  contribution.learning_rate = learning_rate_of(done_ - 1);
  contribution.pseudo_gradient = flat_vector(start_.size(), start_.type());
  subtract(start_, replica_.parameters(), contribution.pseudo_gradient);
  return contribution;
}

}  // namespace muster::inline method
