#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "muster/links/gloo_plugin_module.h"

namespace muster::inline links {

/// The open connections of one rank, and which of them have been lost. Gloo reports a loss only to a wait
/// whose message has not begun to arrive: a wait for a message that stopped half way would never end.
/// Therefore a thread watches the connections.
class GlooConnections {
 public:
  /// Takes ownership of the group.
  GlooConnections(const GlooFunctions& gloo, GlooGroup* group, int rank, int size);
  ~GlooConnections();
  GlooConnections(const GlooConnections&) = delete;
  GlooConnections& operator=(const GlooConnections&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }

  /// Null when the connection has been lost; `reason` says why.
  GlooMessage* send(const void* bytes, size_t length, int to, int tag, std::string& reason);
  GlooMessage* receive(void* bytes, size_t length, int from, int tag, std::string& reason);
  /// True when the message has been sent or received; false when the connection has been lost, for the
  /// `reason`, or, with an empty reason, after interrupt().
  bool wait(GlooMessage* message, int peer, std::string& reason);
  /// Destroys the message. If it was not through, the connection ends: its remaining bytes would be taken for
  /// the next message.
  void give_up(GlooMessage* message, int peer, bool through);

  std::optional<int> waits_for() const;
  void interrupt();

 private:
  void watch();
  void arm(GlooMessage* sentinel, std::vector<int>& peers);
  void lose(int peer, const std::string& reason);
  std::string lost(int peer) const;
  GlooWait wait_shortly(GlooMessage* message, GlooFailure& failure) const;

  const GlooFunctions& gloo_;
  GlooGroup* const group_;
  const int rank_, size_;
  mutable std::mutex mutex_;
  std::vector<std::string> lost_;  // why, by rank; empty: it is connected
  bool interrupted_ = false;
  bool leaving_ = false;
  std::optional<int> peer_;          // rank that is waited for
  GlooMessage* awaited_ = nullptr;   // message of that wait
  GlooMessage* sentinel_ = nullptr;  // that the thread waits for
  std::thread thread_;
};

}  // namespace muster::inline links
