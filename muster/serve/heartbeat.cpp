#include "muster/serve/heartbeat.h"

#include <chrono>

#include "muster/base/error.h"
#include "muster/rendezvous/quiet_thread.h"

namespace muster::inline serve {

Heartbeat::Heartbeat(TrainingClient& client) : client_(client), thread_(quiet_thread([this] { run(); })) {}

Heartbeat::~Heartbeat() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Heartbeat::begin(const MemberIdentity& who, double every_seconds) {
  {
    const std::lock_guard lock(mutex_);
    who_ = who;
    every_ = every_seconds;
    forgotten_ = false;
  }
  changed_.notify_all();  // it may be in a longer pause than this one's
}

void Heartbeat::run() {
  std::unique_lock lock(mutex_);
  while (!ends_) {
    changed_.wait_for(lock, std::chrono::milliseconds(static_cast<int64_t>(1000 * every_)));
    if (ends_ || !who_) continue;
    const MemberIdentity who = *who_;
    lock.unlock();
    std::optional<Coordinator::Heard> heard;
    try {
      heard = client_.beat(who, steps_done_);
    } catch (const Error&) {
      // The worker finds out by itself when it hands in.
    }
    lock.lock();
    if (!heard || !(who_ == who)) continue;
    if (heard->finished) finished_ = true;
    forgotten_ = !heard->known;
  }
}

}  // namespace muster::inline serve
