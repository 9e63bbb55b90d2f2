#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <semaphore>

namespace muster::inline serve {

/// How many contributions a server holds in memory at a time, where nobody says (serve.most_pushes): as many
/// as are 256 MiB together, so that all workers' share one flush of the disk where they are small; at least
/// 4, and no more than there may be workers.
inline int64_t usual_pushes(int64_t message_bytes, int64_t most_members) {
  constexpr int64_t together = int64_t{256} << 20, least = 4;
  return std::max(least, std::min(together / std::max<int64_t>(1, message_bytes), most_members));
}

/// Bounds the memory of contributions: one is received only in a slot. For several threads at once.
class PushSlots {
 public:
  explicit PushSlots(int64_t count) : free_(count) {}

  /// A slot while it lives, where one came free within so many seconds.
  class Slot {
   public:
    Slot(PushSlots& slots, double seconds)
        : slots_(slots),
          taken_(
              slots.free_.try_acquire_for(std::chrono::milliseconds(static_cast<int64_t>(1000 * seconds)))) {}
    ~Slot() {
      if (taken_) slots_.free_.release();
    }
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    bool taken() const { return taken_; }

   private:
    PushSlots& slots_;
    bool taken_;
  };

 private:
  std::counting_semaphore<> free_;
};

}  // namespace muster::inline serve
