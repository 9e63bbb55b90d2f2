#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include "muster/links/gloo_connections_module.h"
#include "muster/links/gloo_plugin_module.h"
#include "muster/links/links.h"
#include "muster/rendezvous/key_values.h"

namespace muster::inline links {

/// A group while its connections are made: every rank listens for each of the others, tells the store where,
/// and connects to all of them, in the order of their ranks.
class GlooMeeting {
 public:
  /// Listens from now on. Throws Error where there is no Gloo or no such network. Store and options must
  /// outlive the meeting.
  GlooMeeting(KeyValues& store, std::string prefix, int rank, int size, const LinkOptions& options);
  ~GlooMeeting();
  GlooMeeting(const GlooMeeting&) = delete;
  GlooMeeting& operator=(const GlooMeeting&) = delete;

  /// Once. Throws LostPeer when a rank does not come in time, or a member dies meanwhile.
  std::shared_ptr<GlooConnections> connect();

 private:
  void publish();
  void connect_all();
  void connect_to(int peer);
  std::string address_at(int peer);
  void close_when_in_vain();
  void refuse_if_in_vain(int peer);
  std::string key(int rank) const;
  std::string name_of(int peer) const;
  std::string time_given() const;

  KeyValues& store_;
  const std::string prefix_;
  const int rank_, size_;
  const LinkOptions& options_;
  const std::chrono::steady_clock::time_point deadline_;
  const GlooFunctions& gloo_;
  GlooGroup* group_ = nullptr;
  std::mutex mutex_;
  std::condition_variable end_;
  bool ended_ = false;
  bool dead_ = false, late_ = false;  // why connecting has failed; all connections are closed then
};

}  // namespace muster::inline links
