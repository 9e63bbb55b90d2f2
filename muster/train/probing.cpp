#include "muster/train/probing.h"

#include <algorithm>
#include <utility>

#include "muster/flat/vector.h"
#include "muster/libtorch/tensor_vector.h"
#include "muster/probe/worker_spread.h"

namespace muster::inline train {

Probing::Probing(const Task& task, std::vector<ProbeRequest> requests, int64_t batch, uint64_t seed,
                 Vector start)
    : task_(task), requests_(std::move(requests)), batch_(batch), seed_(seed), start_(std::move(start)) {}

bool Probing::due(int64_t rounds) const {
  return std::any_of(requests_.begin(), requests_.end(),
                     [rounds](const auto& request) { return rounds % request.every == 0; });
}

bool Probing::wants_workers(int64_t round) const {
  return std::any_of(requests_.begin(), requests_.end(), [round](const auto& request) {
    return request.kind == ProbeKind::workers && round % request.every == 0;
  });
}

int64_t Probing::steps_to_workers(const Synchronous& method) {
  return std::max<int64_t>(1, method.round_end() - 1 - method.step());
}

// Rounds of one step have no such point, and where gradients are averaged workers do not diverge (no anchor).
void Probing::look_at_workers(Synchronous& method, Averager& averager, std::chrono::milliseconds patience) {
  const auto shared = method.shared_vectors();
  const auto anchor = shared.find("anchor");
  if (method.step() + 1 != method.round_end() || anchor == shared.end()) return;
  const Vector mean = method.mean_parameters();
  std::vector<at::Tensor> workers;
  for (const auto& replica : method.replicas()) workers.push_back(tensor_of(replica->parameters()));
  WorkerSums sums = sums_over_workers(workers, tensor_of(anchor->second), tensor_of(mean));
  Communicator& group = averager.group();
  if (group.size() > 1) {
    const double ranks = group.size();
    Vector units = vector_of(sums.units);
    group.start_mean(units, units)->wait(deadline_in(patience));
    sums.units.mul_(ranks);
    for (double* const sum : {&sums.squared_distance, &sums.squared_length, &sums.workers, &sums.moved})
      *sum = ranks * averager.mean_of(*sum, deadline_in(patience));
  }
  const WorkerSpread spread = spread_of(sums);
  seen_ = {{"worker_divergence", spread.divergence},
           {"outer_gradient_length", spread.length},
           {"outer_gradient_cosine", spread.cosine}};
}

ProbeValues Probing::look(int64_t rounds, const Vector& parameters) {
  ProbeValues values = std::exchange(seen_, {});
  for (const ProbeRequest& request : requests_) {
    if (rounds % request.every != 0 || request.kind == ProbeKind::workers) continue;
    if (request.kind == ProbeKind::distance) {
      values.merge(distance_from(tensor_of(start_), tensor_of(parameters)));
      continue;
    }
    const int64_t samples = std::min(request.samples, task_.train_size());
    ProbedLoss loss(task_, samples, std::min(batch_, samples / 2), seed_);
    loss.set_parameters(tensor_of(parameters));
    values.merge(muster::look(loss, request, seed_));
  }
  return values;
}

}  // namespace muster::inline train
