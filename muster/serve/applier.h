#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <thread>
#include <variant>

#include "muster/asynchronous/async_vectors.h"
#include "muster/base/numbers.h"
#include "muster/flat/vector.h"
#include "muster/serve/ordered_work.h"
#include "muster/serve/snapshot_writer.h"

namespace muster::inline serve {

/// The starting point of rounds, shared by all workers that were released together. The applier writes it
/// once, before their release counts as done.
struct StartingPoint {
  Vector vector;
};

/// Applies a server's decisions to its vectors, in their order, on a thread of its own, which alone touches
/// the vectors: deciding does not wait for passes over the parameters. Callers that wait get a FileError
/// where applying failed. For several threads at once.
class Applier {
 public:
  /// Both are borrowed, and nobody else touches the vectors while it lives.
  Applier(AsyncVectors& vectors, SnapshotWriter& snapshots);
  Applier(const Applier&) = delete;
  Applier& operator=(const Applier&) = delete;
  /// Applies what is left.
  ~Applier();

  /// Each call returns its place in the order, for wait(). `start` (null where no worker is released)
  /// receives the release's starting point.
  uint64_t apply(ServerEvent event, EventOutcome decided, std::shared_ptr<StartingPoint> start);
  /// `to` gets a copy of the parameters as they are then.
  uint64_t copy_parameters(std::shared_ptr<Vector> to);
  /// A copy of the vectors as they are then, and these numbers, become a snapshot. There is one such copy at
  /// a time: where an earlier one is still being written, this waits, and all that comes after it.
  uint64_t snapshot(const Rotation& rotation, Numbers numbers);

  uint64_t last() const { return work_.last(); }
  void wait(uint64_t place) const { work_.wait(place); }
  bool wait_until(uint64_t place, std::chrono::steady_clock::time_point end) const {
    return work_.wait_until(place, end);
  }
  /// Throws FileError where something could not be applied.
  void require_working() const { work_.require_working(); }

 private:
  struct Step {
    ServerEvent event;
    EventOutcome decided;
    std::shared_ptr<StartingPoint> start;
  };
  struct Copy {
    std::shared_ptr<Vector> to;
  };
  struct Snapshot {
    Rotation rotation;
    Numbers numbers;
  };
  using Item = std::variant<Step, Copy, Snapshot>;
  uint64_t put(Item item);
  void run();
  void work_on(const Step& step);
  void work_on(const Copy& copy);
  void work_on(const Snapshot& snapshot);

  AsyncVectors& vectors_;
  SnapshotWriter& snapshots_;
  OrderedWork<Item> work_;
  std::thread thread_;
};

}  // namespace muster::inline serve
