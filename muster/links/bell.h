#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace muster {

/// How a rank is woken, a line of shared memory that is all zero at first. Its owner sleeps in these steps:
///
///     const uint32_t rings = bell.lie_down();
///     if (nothing is to be done, looking once more) bell.sleep(rings, a time);
///     bell.get_up();
///
/// Whoever has done something for the owner calls ring() behind it: either that last look sees it, or the
/// sleep ends. Words of shared memory under the kernel's futex; a process that dies leaves nothing locked.
class alignas(64) Bell {
 public:
  uint32_t lie_down();
  /// Until the bell has been rung since lie_down(), for at most so long; earlier at a signal. False where
  /// that time is over.
  bool sleep(uint32_t rings, std::chrono::milliseconds at_most);
  void get_up();

  /// Wakes the owner where he sleeps; costs little where he does not.
  void ring();

  /// The owner will do nothing any more.
  void leave() { left_.store(1, std::memory_order_release); }
  bool left() const { return left_.load(std::memory_order_acquire) != 0; }

 private:
  std::atomic<uint32_t> rings_, sleeps_, left_;
};
static_assert(sizeof(Bell) == 64 && std::atomic<uint32_t>::is_always_lock_free);

}  // namespace muster
