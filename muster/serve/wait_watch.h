#pragma once

#include <chrono>

namespace muster::inline serve {

/// When a wait is worth a line: after ten seconds, and then every minute.
class WaitWatch {
 public:
  explicit WaitWatch(std::chrono::milliseconds first = std::chrono::seconds(10),
                     std::chrono::milliseconds later = std::chrono::seconds(60))
      : first_(first), later_(later) {}
  /// To be called repeatedly with whether the wait goes on; true when a line is due.
  bool due(bool waits) {
    const auto now = std::chrono::steady_clock::now();
    if (!waits || !waiting_) {
      waiting_ = waits;
      since_ = now;
      next_ = now + first_;
      return false;
    }
    if (now < next_) return false;
    next_ = now + later_;
    return true;
  }
  /// Of the present wait.
  double seconds() const {
    return waiting_ ? std::chrono::duration<double>(std::chrono::steady_clock::now() - since_).count() : 0;
  }

 private:
  std::chrono::milliseconds first_, later_;
  bool waiting_ = false;
  std::chrono::steady_clock::time_point since_{}, next_{};
};

}  // namespace muster::inline serve
