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

struct TrainingServerOptions {
  std::string address = "127.0.0.1:0";  ///< port 0: any free one
  Credentials credentials;
  Identity identity;               ///< what a worker must have in common
  std::string configuration = {};  ///< of the run, as TOML, for workers that ask
  int64_t part_bytes = int64_t{1} << 20;
  std::optional<int64_t> most_pushes{};  ///< contributions held in memory at a time; usual_pushes()
  int64_t most_members = 64;
  double patience = 20;     ///< seconds without progress after which a call is given up
  double beat_seconds = 5;  ///< how often workers are to give a sign of life
};

/// The network side of a Coordinator: gRPC (training.proto), gRPC's health service, TLS, tokens. What it is
/// sent is checked before memory is taken for it. Threads of its own; the coordinator and the messages must
/// outlive it.
class TrainingServer {
 public:
  /// Listens. Throws Error where the address cannot be had or the certificate is not understood.
  TrainingServer(Coordinator& coordinator, const VectorMessages& pushes, const VectorMessages& pulls,
                 const TrainingServerOptions& options);
  /// Lets calls end for a moment, then cancels them.
  ~TrainingServer();
  TrainingServer(const TrainingServer&) = delete;
  TrainingServer& operator=(const TrainingServer&) = delete;

  int port() const;

 private:
  struct Running;
  std::unique_ptr<Running> running_;
};

}  // namespace muster::inline serve
