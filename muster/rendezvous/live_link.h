#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "muster/rendezvous/protocol.h"
#include "muster/rendezvous/store_link.h"

namespace muster::inline rendezvous {

/// A joined connection with a thread of its own, which sends heartbeats, receives news and hands replies to
/// their callers: calls of several threads block neither each other nor the heartbeat.
class LiveLink {
 public:
  explicit LiveLink(StoreLink link);
  ~LiveLink();
  LiveLink(const LiveLink&) = delete;
  LiveLink& operator=(const LiveLink&) = delete;

  /// Sends a request and waits for its reply, at most until the deadline; returns the fields of the reply, or
  /// nothing when the deadline has passed. Throws LostPeer when the connection is lost, and as read_outcome
  /// does.
  std::optional<std::string> call(Request kind, const MessageWriter& fields,
                                  std::optional<SteadyTime> deadline = std::nullopt);

  /// call() in two parts: ask() sends the request and returns its number; reply() waits for the reply, and
  /// may be called again when it has returned nothing.
  int64_t ask(Request kind, const MessageWriter& fields);
  std::optional<std::string> reply(int64_t number, std::optional<SteadyTime> deadline);
  /// The reply to this request is not wanted any more.
  void forget(int64_t number);

  std::chrono::milliseconds lease() const { return link_.lease(); }
  News news() const;
  /// Why the server cannot be reached any more; empty while it can.
  std::string lost() const;

 private:
  void run();
  void beat_if_due(SteadyTime now);
  void write_out();
  bool read_in();  ///< false when the connection is gone
  void hear(const std::string& message);
  void lose(const std::string& why);

  StoreLink link_;
  FileDescriptor waker_;
  std::chrono::milliseconds interval_;
  SteadyTime next_beat_;
  std::optional<SteadyTime> unanswered_since_;  ///< since when a heartbeat is unanswered

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string outgoing_;
  int64_t last_number_ = 1;
  std::map<int64_t, std::optional<std::string>> calls_;  ///< requests by number, and their replies
  News news_;
  std::string lost_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace muster::inline rendezvous
