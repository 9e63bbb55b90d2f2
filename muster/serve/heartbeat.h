#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>

#include "muster/serve/training_client.h"

namespace muster::inline serve {

/// Tells the server regularly that a worker lives and how far it is, on a thread of its own. A server that
/// does not answer is asked again: computing is never disturbed.
class Heartbeat {
 public:
  explicit Heartbeat(TrainingClient& client);
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

  void begin(const MemberIdentity& who, double every_seconds);
  void steps_done(int64_t steps) { steps_done_ = steps; }
  /// The server has said that the run has ended.
  bool finished() const { return finished_; }
  /// The server has said that it does not know this membership (any more).
  bool forgotten() const { return forgotten_; }

 private:
  void run();

  TrainingClient& client_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<MemberIdentity> who_;
  double every_ = 5;
  bool ends_ = false;
  std::atomic<int64_t> steps_done_ = 0;
  std::atomic<bool> finished_ = false, forgotten_ = false;
  std::thread thread_;
};

}  // namespace muster::inline serve
