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

namespace muster {

/// The connections of one rank, all of them standing, and which of them have been lost. Gloo itself tells
/// those who wait for a message only when its turn had not come yet: who waits for one that stopped half way
/// would wait for ever. Therefore a thread watches the connections.
class GlooConnections {
 public:
  /// Takes the group over.
  GlooConnections(const GlooFunctions& gloo, GlooGroup* group, int rank, int size);
  ~GlooConnections();
  GlooConnections(const GlooConnections&) = delete;
  GlooConnections& operator=(const GlooConnections&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }

  /// Null when the connection has been lost; `reason` says why.
  GlooMessage* send(const void* bytes, size_t length, int to, int tag, std::string& reason);
  GlooMessage* receive(void* bytes, size_t length, int from, int tag, std::string& reason);
  /// True when the message is through, false when the connection has been lost, for the `reason`; that is
  /// empty after interrupt().
  bool wait(GlooMessage* message, int peer, std::string& reason);
  /// The message is destroyed. One that was not through ends the connection: the bytes that follow belong to
  /// it.
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
  std::optional<int> peer_;          // that is waited for
  GlooMessage* awaited_ = nullptr;   // and its message
  GlooMessage* sentinel_ = nullptr;  // that the thread waits for
  std::thread thread_;
};

}  // namespace muster
