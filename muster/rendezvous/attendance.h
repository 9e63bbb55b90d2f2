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

namespace muster::inline rendezvous {

/// A process's membership in the group. A thread of its own sends a heartbeat to the server at a steady
/// interval and receives news of the other members.
class Attendance {
 public:
  /// Joins. `wish`: the rank that it asks for in the first generation (its place), or -1. `process`: a number
  /// that no other process has, and that stays when this one joins again; 0: none. Waits are noted in
  /// `waits`. Throws Error when the server refuses: the identity differs (the message names where), or
  /// another living member has the name or the wished rank.
  Attendance(const StoreEndpoint& endpoint, const std::string& name, int wish, const Identity& identity,
             std::chrono::milliseconds within, int64_t process = 0, Waits* waits = nullptr);
  /// Leaves in good order: not a death.
  ~Attendance();
  Attendance(const Attendance&) = delete;
  Attendance& operator=(const Attendance&) = delete;

  /// Asks for the next generation and waits for it. `version`: number of meetings whose outcome this member
  /// holds, -1: it brings no state; `held_in`: the generation in which it held that state, -1: none. Where
  /// the others have formed a generation without this member since, its state does not count: the generation
  /// lists -1 for it. Throws LostPeer when the server is gone or has given the run up (too few members for
  /// longer than its patience), or has declared this member dead (then `expelled()`).
  Generation gather(int64_t version, int64_t held_in = -1);
  /// Reports whether this member could connect to the others of the generation, and waits for the reports of
  /// the others: true when all could; false when one could not or died meanwhile: then gather again.
  bool confirm(const Generation& generation, bool connected);

  /// The present generation has lost a member, or a member gathers again while no newcomers wait (or, where
  /// they do, a lease ago): no meeting of this generation can succeed any more. Also true when expelled.
  /// Costs no message.
  bool broken() const;
  /// Newcomers wait to be admitted: the members should gather again after a meeting. Costs no message.
  bool newcomers() const;
  /// The server declared this member dead (it was stopped for longer than the lease): it must join again,
  /// with a new Attendance.
  bool expelled() const;
  /// The server declares a member dead after this time without a heartbeat.
  std::chrono::milliseconds lease() const;
  /// The server cannot be reached any more.
  bool store_lost() const;

  /// Agreement on the step at which all members stop (Ctrl-C, SIGTERM). ask_to_stop() informs all members.
  void ask_to_stop();
  /// A member has asked to stop. Costs no message.
  bool stop_wanted() const;
  /// Reports the step at which this member stands (or waits in a meeting) and returns the step up to which
  /// all members go before they stop: the greatest that any of them reports. Waits for the reports of the
  /// others; returns nothing when `within` has passed. May be called again.
  std::optional<int64_t> stop_step(int64_t step, std::chrono::milliseconds within);

 private:
  class Beat;
  std::string waited_for(Request kind, const MessageWriter& fields, const std::string& where);

  std::unique_ptr<Beat> beat_;
};

}  // namespace muster::inline rendezvous
