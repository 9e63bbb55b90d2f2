#include "muster/serve/patience_watch.h"

#include <algorithm>
#include <utility>

#include "muster/rendezvous/quiet_thread.h"

namespace muster::inline serve {

PatienceWatch::PatienceWatch(double seconds)
    : patience_(static_cast<int64_t>(1000 * seconds)), thread_(quiet_thread([this] { run(); })) {}

PatienceWatch::~PatienceWatch() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

// Under the lock, so that a guard's end waits for the end of its give_up.
void PatienceWatch::run() {
  const auto look_every =
      std::clamp(patience_ / 4, std::chrono::milliseconds(10), std::chrono::milliseconds(500));
  std::unique_lock lock(mutex_);
  while (!ends_) {
    changed_.wait_for(lock, look_every);
    const auto late = std::chrono::steady_clock::now() - patience_;
    for (auto& [id, one] : watched_) {
      if (one.given_up || one.since > late) continue;
      one.given_up = true;
      one.give_up();
    }
  }
}

PatienceWatch::Guard::Guard(PatienceWatch& watch, std::function<void()> give_up) : watch_(watch) {
  const std::lock_guard lock(watch_.mutex_);
  id_ = watch_.next_id_++;
  watch_.watched_[id_] = {std::move(give_up), std::chrono::steady_clock::now()};
}

PatienceWatch::Guard::~Guard() {
  const std::lock_guard lock(watch_.mutex_);
  watch_.watched_.erase(id_);
}

void PatienceWatch::Guard::progress() {
  const std::lock_guard lock(watch_.mutex_);
  watch_.watched_.at(id_).since = std::chrono::steady_clock::now();
}

bool PatienceWatch::Guard::gave_up() const {
  const std::lock_guard lock(watch_.mutex_);
  return watch_.watched_.at(id_).given_up;
}

}  // namespace muster::inline serve
