#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "muster/rendezvous/identity.h"
#include "muster/serve/coordinator.h"
#include "muster/serve/credentials.h"
#include "muster/serve/vector_messages.h"

namespace muster::inline serve {

struct TrainingClientOptions {
  std::string address;
  Credentials credentials;
  double patience = 20;  ///< seconds without progress after which a call is given up
};

/// What came of joining.
struct JoinedServer {
  MemberIdentity membership;
  int64_t part_bytes = 0;
  double beat_seconds = 0;
};

/// A round as it came from the server.
struct PulledRound {
  GivenRound::Answer answer = GivenRound::Answer::wait;
  Assignment assignment{};
  Vector start{};
};

/// What the server said to a contribution.
struct PushAnswer {
  enum class Kind { counted, duplicate, too_late, dropped };
  Kind kind = Kind::counted;
  std::string why;
  bool member = true;
  bool finished = false;
  std::string reason{};  ///< of what was dropped, for people
};

/// A worker's connection to its server. Every call throws LostPeer where the server is not reached, breaks
/// off or makes no progress (try again), and Error where it refuses (do not). Calls may be made from several
/// threads.
class TrainingClient {
 public:
  TrainingClient(const VectorMessages& pushes, const VectorMessages& pulls,
                 const TrainingClientOptions& options);
  ~TrainingClient();
  TrainingClient(const TrainingClient&) = delete;
  TrainingClient& operator=(const TrainingClient&) = delete;

  JoinedServer join(const std::string& name, const Identity& identity, std::optional<double> seconds_per_step,
                    const std::optional<MemberIdentity>& previous);
  PulledRound pull(const MemberIdentity& who);
  /// `message`: of the contribution's vector, encoded; `part_bytes` as joining told.
  PushAnswer push(const MemberIdentity& who, const Contribution& contribution, const Vector& message,
                  int64_t part_bytes);
  Coordinator::Heard beat(const MemberIdentity& who, int64_t steps_done);
  void leave(const MemberIdentity& who);

 private:
  struct Line;
  std::unique_ptr<Line> line_;
};

}  // namespace muster::inline serve
