#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "muster/rendezvous/generation.h"
#include "muster/rendezvous/identity.h"
#include "muster/rendezvous/protocol.h"
#include "muster/rendezvous/store_client.h"

namespace muster {

/// A process's membership: says at a steady beat, from a thread of its own, that it lives, and hears what has
/// become of the others.
class Attendance {
 public:
  /// Joins. `wish`: the rank it would like in the first generation (its place), or -1. `process`: a number
  /// that no other process has, and that stays when this one joins anew; 0: none. Waits are noted in `waits`.
  /// Throws Error when the server refuses: another identity (naming what differs), a name or wish that a
  /// living member has which is not this process.
  Attendance(const StoreEndpoint& endpoint, const std::string& name, int wish, const Identity& identity,
             std::chrono::milliseconds within, int64_t process = 0, Waits* waits = nullptr);
  /// Leaves in good order: not a death.
  ~Attendance();
  Attendance(const Attendance&) = delete;
  Attendance& operator=(const Attendance&) = delete;

  /// Stands ready for the next generation and waits for it. `version`: meetings whose outcome this member
  /// holds, -1: it brings no state; `held_in`: the generation that it held it in, -1: in none. Where the
  /// others have gone on without it since, what it brings does not count: the generation says -1 then.
  /// Throws LostPeer when the server is gone or gave the run up (too few members for longer than its
  /// patience), or has meanwhile taken this member for dead (then `expelled()`).
  Generation gather(int64_t version, int64_t held_in = -1);
  /// Says whether this member could connect to the others of the generation, and waits for the others' word:
  /// true when all could; false when somebody could not or died meanwhile: then gather again.
  bool confirm(const Generation& generation, bool connected);

  /// The present generation has lost a member, or one of them gathers anew though no newcomers wait (or did
  /// so a lease ago): no meeting of it can succeed any more. Also true when expelled. Costs no message.
  bool broken() const;
  /// Newcomers wait to be let in: the members should gather again after a meeting. Costs no message.
  bool newcomers() const;
  /// The server took this member for dead (it slept longer than the lease): it must join anew, with a new
  /// Attendance.
  bool expelled() const;
  /// Without a sign of life for so long the server takes a member for dead.
  std::chrono::milliseconds lease() const;
  /// The server cannot be reached any more.
  bool store_lost() const;

  /// Agreeing on the step at which all members stop (Ctrl-C, SIGTERM). ask_to_stop: tells everybody.
  void ask_to_stop();
  /// Somebody has asked to stop. Costs no message.
  bool stop_wanted() const;
  /// Says at which step this member stands still (or waits in a meeting) and returns the step up to which all
  /// go before they stop: the greatest of all members' steps. Waits for the others' word; nothing when
  /// `within` has passed. May be called again.
  std::optional<int64_t> stop_step(int64_t step, std::chrono::milliseconds within);

 private:
  class Beat;
  std::string waited_for(Request kind, const MessageWriter& fields, const std::string& where);

  std::unique_ptr<Beat> beat_;
};

}  // namespace muster
