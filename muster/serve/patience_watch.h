#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

namespace muster::inline serve {

/// Ends calls that make no progress: a peer that no longer reads or sends must not hold a thread and its
/// memory for ever. One thread watches all calls.
class PatienceWatch {
 public:
  explicit PatienceWatch(double seconds);
  ~PatienceWatch();
  PatienceWatch(const PatienceWatch&) = delete;
  PatienceWatch& operator=(const PatienceWatch&) = delete;

  /// While it lives, `give_up` (which must make the watched call return; called at most once, from the
  /// watch's thread) is called when no progress() was reported for the watch's time.
  class Guard {
   public:
    Guard(PatienceWatch& watch, std::function<void()> give_up);
    ~Guard();
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    void progress();
    bool gave_up() const;

   private:
    PatienceWatch& watch_;
    uint64_t id_;
  };

 private:
  struct Watched {
    std::function<void()> give_up;
    std::chrono::steady_clock::time_point since;
    bool given_up = false;
  };
  void run();

  std::chrono::milliseconds patience_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<uint64_t, Watched> watched_;
  uint64_t next_id_ = 0;
  bool ends_ = false;
  std::thread thread_;
};

}  // namespace muster::inline serve
