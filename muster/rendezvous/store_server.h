#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace muster::inline rendezvous {

struct StoreServerOptions {
  std::string address = "127.0.0.1";  ///< to listen on; "0.0.0.0" or "::" for all
  int port = 0;                       ///< 0: any free one
  std::string token;                  ///< who does not bring it is refused; empty: nobody need bring one
  int expected = 1;                   ///< members that the first generation waits for
  int min_members = 1;                ///< later generations have at least so many; == expected: not elastic
  /// A member that sends no heartbeat for so long is dead. Slow computing is not: the heartbeat has a thread
  /// of its own.
  std::chrono::milliseconds lease = std::chrono::seconds(10);
  /// A generation below min_members waits so long for more before it is given up.
  std::chrono::milliseconds patience = std::chrono::minutes(2);
  /// A connection that has not introduced itself by then, or holds a message half sent, is closed.
  std::chrono::milliseconds introduction = std::chrono::seconds(2);
};

/// Where the processes of a run find each other: keys and values, and the generations of the group and their
/// members (membership.h). One thread and no call that waits for a peer, so a peer that sends garbage, or
/// nothing, harms only its own connection.
class StoreServer {
 public:
  /// Listens from now on. Throws Error, naming the address and port, when it cannot.
  explicit StoreServer(StoreServerOptions options);
  ~StoreServer();
  StoreServer(const StoreServer&) = delete;
  StoreServer& operator=(const StoreServer&) = delete;

  int port() const;

  /// For observers of a run (the launcher's final message, `muster chaos`).
  struct Status {
    int members = 0;
    int64_t generation = -1;
    int64_t version = -1;  ///< greatest number of meetings that a member has completed
    std::string given_up;  ///< why the run cannot go on; empty while it can
  };
  Status status() const;

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace muster::inline rendezvous
