#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "muster/rendezvous/sockets.h"

namespace muster {

/// One thing that a process waits for.
struct Wait {
  std::string whom;                   ///< "rank 2", "the store at 10.0.0.1, port 29400"
  std::string where;                  ///< "to begin", "at a meeting"
  std::string state;                  ///< what is known of it: "Connection refused"; may be empty
  SteadyTime since{};                 ///< set by Waits
  std::optional<SteadyTime> until{};  ///< the wait ends then; nothing: waited for as long as it lives
  bool optional = false;              ///< it goes on then without whom it waits for, else gives up
  bool spoken_for = false;            ///< another process says it, too
};

/// What this process waits for at present. Whoever waits notes it here; whoever wants to say it aloud, a
/// thread of the program's, looks. Thread-safe.
class Waits {
 public:
  /// The wait that was noted last, as it says most exactly what the others wait for, too; since when the
  /// first of them lasts. Nothing where nobody waits.
  std::optional<Wait> present() const;

  /// Notes a wait from its making to its end. `waits` may be null, then nothing is noted; else it must
  /// outlive the note.
  class Note {
   public:
    Note(Waits* waits, Wait wait);
    ~Note();
    Note(const Note&) = delete;
    Note& operator=(const Note&) = delete;
    /// The same wait, of which more is known; keeps its beginning.
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

}  // namespace muster
