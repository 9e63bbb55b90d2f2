#include "muster/serve/applier.h"

#include <exception>
#include <utility>

#include "muster/asynchronous/async_vectors.h"
#include "muster/flat/vector.h"
#include "muster/rendezvous/quiet_thread.h"

namespace muster::inline serve {

Applier::Applier(AsyncVectors& vectors, SnapshotWriter& snapshots)
    : vectors_(vectors), snapshots_(snapshots), thread_(quiet_thread([this] { run(); })) {}

Applier::~Applier() {
  work_.end();
  thread_.join();
}

uint64_t Applier::put(Item item) {
  const uint64_t place = work_.put(std::move(item));
  work_.wake();
  return place;
}

uint64_t Applier::apply(ServerEvent event, EventOutcome decided, std::shared_ptr<StartingPoint> start) {
  return put(Step{std::move(event), std::move(decided), std::move(start)});
}

uint64_t Applier::copy_parameters(std::shared_ptr<Vector> to) { return put(Copy{std::move(to)}); }

uint64_t Applier::snapshot(const Rotation& rotation, Numbers numbers) {
  return put(Snapshot{rotation, std::move(numbers)});
}

void Applier::run() {
  try {
    while (true) {
      auto items = work_.take();
      if (items.empty()) return;
      for (; !items.empty(); work_.did(1)) {
        std::visit([this](const auto& item) { work_on(item); }, items.front());
        items.pop_front();  // frees its vector before its caller is answered
      }
    }
  } catch (const std::exception& problem) {  // whatever it was: the vectors are behind for good
    work_.fail(problem.what());
  }
}

void Applier::work_on(const Step& step) {
  const Vector start = vectors_.apply(step.event, step.decided);
  if (step.start) step.start->vector = start;
}

void Applier::work_on(const Copy& copy) { *copy.to = vectors_.parameters().copy(); }

void Applier::work_on(const Snapshot& snapshot) {
  snapshots_.wait();
  State vectors = vectors_.state();
  for (auto& [name, tensor] : vectors.tensors) tensor.values = tensor.values.copy();
  State whole;
  whole.numbers = snapshot.numbers;
  whole.insert("server", vectors);
  snapshots_.write(snapshot.rotation, std::move(whole));
}

}  // namespace muster::inline serve
