#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace muster {

struct StoreServerOptions {
  std::string address = "127.0.0.1";  ///< to listen on; "0.0.0.0" or "::" for all
  int port = 0;                       ///< 0: any free one
  std::string token;                  ///< who does not bring it is refused; empty: nobody need bring one
  int expected = 1;                   ///< members that the first generation waits for
  int min_members = 1;                ///< later generations have at least so many; == expected: not elastic
  /// A member that has not been heard of for so long is dead. Slow computing is not: a thread of its own
  /// beats.
  std::chrono::milliseconds lease = std::chrono::seconds(10);
  /// A generation below min_members waits so long for more before it is given up.
  std::chrono::milliseconds patience = std::chrono::minutes(2);
  /// A connection that has not introduced itself by then, or holds a message half sent, is closed.
  std::chrono::milliseconds introduction = std::chrono::seconds(2);
};

/// The place where the processes of a run find each other: keys and values, and who is a member of which
/// generation of the group (membership.h). One thread and no call that waits for a peer, so a stranger who
/// sends anything, or nothing, costs his own connection only.
class StoreServer {
 public:
  /// Listens from now on. Throws Error, naming the address and port, when it cannot.
  explicit StoreServer(StoreServerOptions options);
  ~StoreServer();
  StoreServer(const StoreServer&) = delete;
  StoreServer& operator=(const StoreServer&) = delete;

  int port() const;

  /// For who watches a run (the launcher's last word, `muster chaos`).
  struct Status {
    int members = 0;
    int64_t generation = -1;
    int64_t version = -1;  ///< meetings that the newest member has behind it
    std::string given_up;  ///< why the run cannot go on; empty while it can
  };
  Status status() const;

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace muster
