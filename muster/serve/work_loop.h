#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "muster/asynchronous/async_worker.h"
#include "muster/base/random.h"
#include "muster/flat/vector.h"
#include "muster/rendezvous/identity.h"
#include "muster/serve/heartbeat.h"
#include "muster/serve/training_client.h"
#include "muster/serve/vector_messages.h"
#include "muster/serve/wait_watch.h"

namespace muster::inline serve {

struct WorkOptions {
  std::string name;               ///< of the worker, for people
  std::string address;            ///< of the server, for people
  Identity identity;              ///< what it must have in common with the server
  double least_step_seconds = 0;  ///< slows the worker down on purpose: a local step takes at least so long
  double give_up_after = 600;     ///< seconds without the server; then LostPeer
  bool error_feedback = false;    ///< what the codec loses is added to the next contribution
  uint64_t seed = 0;              ///< of a codec's rounding
  uint64_t jitter_seed = 0;       ///< of the pauses between attempts: another one for each worker
};

/// What has come of a call of WorkLoop::advance().
struct WorkNews {
  enum class Kind {
    nothing,    ///< a step, an attempt, a pause
    joined,     ///< a member now, or again
    handed_in,  ///< a round has ended: `answer`, `contribution`
    lost,       ///< the server is not reached: `why`; once for each loss
    waiting,    ///< it has waited for ten seconds, or another minute: `why`, with whom and where
    finished    ///< the run has ended
  };
  Kind kind = Kind::nothing;
  MemberIdentity membership{};
  PushAnswer answer{};
  Contribution contribution{};  ///< without its vector
  std::string why{};
};

/// The loop of a worker on a real network: join, pull, local steps, push, and again. A worker that loses its
/// server keeps computing to the end of its round, tries again with growing and randomly shortened pauses,
/// and hands in late or learns that it is too late. The optimizer's state stays with it through all of this.
class WorkLoop {
 public:
  /// What is borrowed must outlive it.
  WorkLoop(AsyncWorker& worker, TrainingClient& client, const VectorMessages& pushes,
           const WorkOptions& options);

  /// One local step, one call, or a piece of a pause: a few seconds at most, apart from the transfer of
  /// vectors. Throws Error where the server refuses this worker, LostPeer after give_up_after,
  /// NonFiniteError.
  WorkNews advance();
  /// Tells the server, if it can be reached, that this worker goes.
  void leave();

 private:
  enum class Stage { outside, waiting, computing, handing_in, finished };
  WorkNews join();
  WorkNews pull();
  WorkNews step();
  WorkNews push();
  WorkNews lost(const std::string& why);
  WorkNews waiting_for_round();
  Vector encode();
  void found();

  AsyncWorker& worker_;
  TrainingClient& client_;
  const VectorMessages& pushes_;
  WorkOptions options_;
  Heartbeat heartbeat_;
  RandomStream jitter_;

  Stage stage_ = Stage::outside;
  std::optional<MemberIdentity> membership_;
  int64_t part_bytes_ = 0;
  double compute_seconds_ = 0;
  int64_t round_steps_ = 0;
  Contribution contribution_;
  Vector message_, residual_, next_residual_;

  using Time = std::chrono::steady_clock::time_point;
  WaitWatch reaching_, idle_;
  std::optional<Time> lost_since_;
  Time not_before_{};
  int attempts_ = 0;
};

}  // namespace muster::inline serve
