#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "muster/base/thread_pool.h"
#include "muster/comm/averager.h"
#include "muster/comm/grouping.h"
#include "muster/flat/vector.h"

namespace muster::inline rounds {

/// Two levels: inside a round of local steps the workers of a group (see Grouping) meet among themselves,
/// every P steps of the round:
///   P = 1:  g_w <- mean of g over w's group, before each inner step: plain data parallel training inside;
///   P > 1:  x_w <- mean of x over w's group, after P, 2P, ... steps, but not after the round's last, where
///           all meet.
/// Anchor, outer optimizer and moments have no part in it. (Lin, Stich, Patel, Jaggi, "Don't Use Large
/// Mini-Batches, Use Local SGD", ICLR 2020, hierarchical local SGD; PyTorch's HierarchicalModelAverager.)
class InnerMeeting {
 public:
  /// `group`: this process's group of processes, borrowed; null where groups lie inside a process. REQUIRES:
  /// a valid grouping, of more than one worker each; period >= 1.
  InnerMeeting(const Grouping& grouping, int64_t period, Communicator* group, ThreadPool& pool);

  bool averages_gradients() const { return period_ == 1; }
  /// Must the parameters be averaged before the next step, when a round has `done` steps behind it?
  bool due(int64_t done) const { return period_ > 1 && done > 0 && done % period_ == 0; }
  /// Steps that may follow until due() holds, or gradients meet; at least 1.
  int64_t steps_until_due(int64_t done) const { return period_ - done % period_; }

  /// Every vector <- mean over its group. `vectors`: one of every hosted worker, in order. All or nothing:
  /// throws LostPeer, and then they are as they were.
  void average(const std::vector<Vector>& vectors, Deadline deadline);

  /// What a worker hands in during a round of so many steps, with vectors of `bytes`.
  int64_t bytes_per_worker(int64_t steps, int64_t bytes) const {
    return (period_ == 1 ? steps : (steps - 1) / period_) * bytes;
  }

 private:
  Grouping grouping_;
  int64_t period_;
  ThreadPool& pool_;
  std::optional<Averager> averager_;  // of the processes of a group
};

}  // namespace muster::inline rounds
