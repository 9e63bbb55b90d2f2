#pragma once

#include <cstdint>
#include <vector>

#include "muster/comm/sliced_mean.h"
#include "muster/flat/vector.h"
#include "muster/links/links.h"

namespace muster::inline comm {

/// The group's operations, built from messages between two ranks, one after the other; every rank calls the
/// same operations in the same order. Before any data the ranks announce their vectors to each other, in one
/// small message: where these do not fit together, every rank throws the same Error and the links stay good
/// (unequal lengths would otherwise end the processes).
class Collectives {
 public:
  /// `slice_bytes`: large vectors travel in slices of this size, so that sending, adding and sending on
  /// overlap.
  Collectives(Links& links, int64_t slice_bytes) : links_(links), sliced_mean_(links, slice_bytes) {}

  /// See SlicedMean; small vectors are sent whole to every rank instead.
  void mean(const Vector& vector, Vector& mean);
  void exchange(const std::vector<Vector>& parts, std::vector<Vector>& received);
  void gather(const Vector& part, std::vector<Vector>& received);
  void broadcast(Vector& vector, int root);

 private:
  enum class Kind : int64_t { mean = 1, exchange, gather, broadcast };
  using Transfers = std::vector<std::unique_ptr<Transfer>>;

  void agree(Kind kind, int64_t root, const std::vector<Vector>& sent, const std::vector<Vector>& received);
  void small_mean(const Vector& vector, Vector& mean);
  void wait_all(Transfers& transfers);
  int peer(int distance) const { return (links_.rank() + distance) % links_.size(); }
  int tag(int phase) const { return static_cast<int>(operation_ % (1 << 20)) * 4 + phase; }

  Links& links_;
  SlicedMean sliced_mean_;
  int64_t operation_ = 0;
};

}  // namespace muster::inline comm
