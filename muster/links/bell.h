#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace muster::inline links {

/// Wakes a rank: a cache line of shared memory that is all zero at first. Its owner sleeps in these steps:
///
///     const uint32_t rings = bell.prepare_wait();
///     if (nothing is to be done, looking once more) bell.sleep(rings, a time);
///     bell.end_wait();
///
/// A rank that has done something for the owner calls ring() afterwards: either the owner's second look sees
/// it, or the sleep ends. Futex words in shared memory; a process that dies leaves nothing locked.
class alignas(64) Bell {
 public:
  uint32_t prepare_wait();
  /// Sleeps until ring() is called (any call since prepare_wait() counts), at most so long; a signal ends it
  /// earlier. False where the time is over.
  bool sleep(uint32_t rings, std::chrono::milliseconds at_most);
  void end_wait();

  /// Wakes the owner if it sleeps; costs little if it does not.
  void ring();

  /// Called by the owner: it takes part no longer.
  void leave() { left_.store(1, std::memory_order_release); }
  bool left() const { return left_.load(std::memory_order_acquire) != 0; }

 private:
  std::atomic<uint32_t> rings_, sleeps_, left_;
};
static_assert(sizeof(Bell) == 64 && std::atomic<uint32_t>::is_always_lock_free);

}  // namespace muster::inline links
