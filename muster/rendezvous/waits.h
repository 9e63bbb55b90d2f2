#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "muster/rendezvous/sockets.h"

namespace muster::inline rendezvous {

/// One thing that a process waits for.
struct Wait {
  std::string whom;                   ///< "rank 2", "the store at 10.0.0.1, port 29400"
  std::string where;                  ///< "to begin", "at a meeting"
  std::string state;                  ///< what is known of it: "Connection refused"; may be empty
  SteadyTime since{};                 ///< set by Waits
  std::optional<SteadyTime> until{};  ///< the wait ends then; nothing: waited for as long as it lives
  bool optional = false;              ///< the process then goes on without them, else it gives up
  bool reported_elsewhere = false;    ///< another process reports this wait too
};

/// What this process waits for at present: noted by the code that waits, read by a thread of the program that
/// reports it. Thread-safe.
class Waits {
 public:
  /// The wait that was noted last, the most specific one, with the beginning of the earliest one. Nothing
  /// where nothing is waited for.
  std::optional<Wait> present() const;

  /// Notes a wait for as long as this object lives. `waits` may be null, then nothing is noted; else it must
  /// outlive the note.
  class Note {
   public:
    Note(Waits* waits, Wait wait);
    ~Note();
    Note(const Note&) = delete;
    Note& operator=(const Note&) = delete;
    /// Replaces what is known of the wait; its beginning stays.
    void change(Wait wait) const;

   private:
    Waits* waits_;
    int64_t number_ = 0;
  };

 private:
  mutable std::mutex mutex_;
  std::map<int64_t, Wait> waits_;  // in the order in which they began
  int64_t next_ = 0;
};

}  // namespace muster::inline rendezvous
