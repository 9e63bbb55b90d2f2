#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "muster/rendezvous/protocol.h"
#include "muster/rendezvous/store_link.h"

namespace muster {

/// A joined connection with a thread of its own, which beats, hears the news and hands replies to those who
/// asked: calls of several threads do not hinder each other, nor the beat.
class LiveLink {
 public:
  explicit LiveLink(StoreLink link);
  ~LiveLink();
  LiveLink(const LiveLink&) = delete;
  LiveLink& operator=(const LiveLink&) = delete;

  /// Asks and waits for the reply, at most until the deadline: then nothing. Returns the fields of the
  /// reply. Throws LostPeer when the connection is lost, and as read_outcome does.
  std::optional<std::string> call(Request kind, const MessageWriter& fields,
                                  std::optional<SteadyTime> deadline = std::nullopt);

  /// The same in two parts: asks; waits for the reply, which may be done again after an answer of nothing.
  int64_t ask(Request kind, const MessageWriter& fields);
  std::optional<std::string> reply(int64_t number, std::optional<SteadyTime> deadline);
  /// No reply is waited for any more.
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
  std::optional<SteadyTime> unanswered_since_;  ///< a beat

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string outgoing_;
  int64_t last_number_ = 1;
  std::map<int64_t, std::optional<std::string>> calls_;  ///< and their replies
  News news_;
  std::string lost_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace muster
