#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "muster/base/error.h"

namespace muster::inline serve {

/// A queue: many threads put items, one thread does them in the order in which they were put. Every item has
/// a place, 1, 2, ...; callers may wait until theirs is done. After a failure nothing more is done: callers
/// that wait get a FileError.
template <class Item>
class OrderedWork {
 public:
  /// Its place. Does not wake the other side: items that belong together are put, then wake() is called.
  uint64_t put(Item item) {
    const std::lock_guard lock(mutex_);
    items_.push_back(std::move(item));
    return ++put_;
  }
  void wake() { asked_.notify_all(); }
  /// Of the last one put.
  uint64_t last() const {
    const std::lock_guard lock(mutex_);
    return put_;
  }
  bool done(uint64_t place) const {
    const std::lock_guard lock(mutex_);
    return done_ >= place;
  }
  /// Throws FileError where it will never be done.
  void wait(uint64_t place) const {
    std::unique_lock lock(mutex_);
    answered_.wait(lock, [&] { return done_ >= place || failure_; });
    if (done_ < place) throw FileError(*failure_);
  }
  /// The same until `end`; false where it is not done then.
  bool wait_until(uint64_t place, std::chrono::steady_clock::time_point end) const {
    std::unique_lock lock(mutex_);
    answered_.wait_until(lock, end, [&] { return done_ >= place || failure_; });
    if (done_ < place && failure_) throw FileError(*failure_);
    return done_ >= place;
  }
  /// Throws FileError after a failure.
  void require_working() const {
    const std::lock_guard lock(mutex_);
    if (failure_) throw FileError(*failure_);
  }

  // For the thread that does the work.

  /// Takes all items; waits for at least one. Returns none once end() was called and nothing is left.
  std::deque<Item> take() {
    std::unique_lock lock(mutex_);
    asked_.wait(lock, [&] { return ends_ || !items_.empty(); });
    return std::exchange(items_, {});
  }
  /// The same, and then waits at most `longest` until there are `enough` items.
  std::deque<Item> take(size_t enough, std::chrono::microseconds longest) {
    std::unique_lock lock(mutex_);
    asked_.wait(lock, [&] { return ends_ || !items_.empty(); });
    asked_.wait_for(lock, longest, [&] { return ends_ || items_.size() >= enough; });
    return std::exchange(items_, {});
  }
  /// The next so many are done.
  void did(size_t count) {
    const std::lock_guard lock(mutex_);
    done_ += count;
    answered_.notify_all();
  }
  /// `why`: a line for people.
  void fail(std::string why) {
    const std::lock_guard lock(mutex_);
    failure_ = std::move(why);
    answered_.notify_all();
  }
  /// take() returns what is left, and then nothing.
  void end() {
    const std::lock_guard lock(mutex_);
    ends_ = true;
    asked_.notify_all();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable asked_;
  mutable std::condition_variable answered_;
  std::deque<Item> items_;
  uint64_t put_ = 0, done_ = 0;
  std::optional<std::string> failure_;
  bool ends_ = false;
};

}  // namespace muster::inline serve
