#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "muster/rendezvous/generation.h"
#include "muster/rendezvous/identity.h"
#include "muster/rendezvous/protocol.h"

namespace muster::inline rendezvous {

struct MembershipOptions {
  int expected = 1;     ///< members that the first generation waits for
  int min_members = 1;  ///< of every generation
  std::chrono::milliseconds lease = std::chrono::seconds(10);
  std::chrono::milliseconds patience = std::chrono::minutes(2);
};

/// Decides which members form which generation of the group: a state machine without clock or network of its
/// own. Events go in with their times, answers come out.
///
/// A member gathers, is given a generation, reports whether it could connect to the others (confirm), trains,
/// and gathers again. A living member of the latest generation is a survivor; any other member that gathers
/// is a newcomer.
/// - While there are survivors, the next generation is formed when all of them have gathered: they keep their
///   order, the newcomers follow in the order in which they joined. Below min_members it waits for
///   `patience`.
/// - Without survivors (at first) it is formed when `expected` members have gathered, or, from min_members
///   on, when no more came for a lease; ranks by wish.
/// - A generation is broken when one of its members dies, leaves or reports that it could not connect; also
///   when a member gathers again while no newcomers wait, or, where they do, a lease after it: no meeting of
///   all its members can succeed any more.
/// - When all members that held a state have died, an elastic run starts again from its last checkpoint: the
///   next generation is formed as the first one is, and nobody in it brings a state. Any other run is given
///   up. When the last of them left in good order, the run is over: a new one begins only with all `expected`
///   members.
/// - A state counts as long as no generation was formed after the one in which it was held: a member that has
///   lost its connection, but not its memory, brings it back.
class Membership {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Member = uint64_t;  ///< never used twice

  explicit Membership(const MembershipOptions& options);

  /// Returns nothing when the member is admitted, else why it is refused. A process that is a member already
  /// (the same `process` number, not 0) replaces its earlier membership.
  std::optional<std::string> join(Member member, const std::string& name, int wish, const Identity& identity,
                                  Time now, int64_t process = 0);
  /// The member has given a sign of life.
  void heard(Member member, Time now);
  /// `held_in`: the generation in which it held the state of that version; -1: in none.
  void gather(Member member, int64_t version, Time now, int64_t held_in = -1);
  void confirm(Member member, int64_t generation, bool connected, Time now);
  void ask_to_stop();
  void say_stop_step(Member member, int64_t step);
  void leave(Member member, Time now);  ///< in good order
  void lose(Member member, Time now);   ///< its connection is gone
  void pass(Time now);                  ///< time passes, nothing else happens
  /// The server's own thread was stopped meanwhile: all members count as heard of now.
  void renew_leases(Time now);
  /// pass() has nothing to do before this time.
  std::optional<Time> next_deadline() const;

  enum class Call { gather, confirm, stop_step };
  struct Lost {
    std::string why;
  };
  struct Answer {
    Member member = 0;
    Call call = Call::gather;
    std::variant<Generation, bool, int64_t, Lost> what;
  };
  std::vector<Answer> take_answers();
  News news(Member member) const;
  /// The members that `member`, which has gathered or confirmed, waits for.
  Missing missing(Member member, Time now) const;
  /// Grows whenever the news of a member may have changed.
  uint64_t changes() const { return changes_; }

  int living() const { return static_cast<int>(members_.size()); }
  int64_t generation() const { return number_; }  ///< the latest, -1: none yet
  int64_t newest_version() const { return newest_version_; }
  const std::string& given_up() const { return given_up_; }

 private:
  struct Attendant {
    std::string name;
    int64_t process = 0;
    int wish = -1;
    uint64_t arrival = 0;
    Time heard;
    std::optional<int64_t> gathered;  ///< with this version
    bool in_present = false;
    bool voted = false;   ///< confirmed, and waits for the others
    bool holder = false;  ///< has a state that counts
    std::optional<int64_t> stop_step;
    bool waits_for_stop = false;
  };
  enum class Phase { none, confirming, confirmed, broken };

  void remove(Member member, bool in_good_order);
  void expel(Member member);
  void answer(Member member, Call call, std::variant<Generation, bool, int64_t, Lost> what);
  void break_present();
  void settle_stop();
  /// Forms the next generation, or gives up, if it is time.
  void settle(Time now);
  void settle_with_survivors(size_t gathered, Time now);
  void settle_without_survivors(size_t gathered, Time now);
  void settle_after_the_end(size_t gathered, Time now);
  void settle_after_all_died(size_t gathered, Time now);
  void begin_again();
  void note_growth(size_t gathered, Time now);
  void form();
  std::vector<Member> ranks_of_next() const;
  std::vector<std::string> names_missing(bool in_confirming) const;
  void give_up(const std::string& why);
  void dismiss(const std::string& why);
  void forget_run();
  /// True when `wait` has passed since `since`; else the time at which to look again is noted.
  bool passed(Time since, std::chrono::milliseconds wait, Time now);
  bool elastic() const { return options_.min_members < options_.expected; }
  bool has_newcomers() const;
  size_t count(bool Attendant::*what) const;

  MembershipOptions options_;
  std::map<Member, Attendant> members_;
  std::set<Member> expelled_;
  std::optional<Identity> reference_;
  uint64_t arrivals_ = 0;

  int64_t number_ = -1;
  Phase phase_ = Phase::none;
  std::vector<Member> present_;     ///< by rank; dead members too
  std::optional<Time> left_alone_;  ///< when a member gathered out of a confirmed generation
  bool state_seen_ = false;         ///< there was a holder
  bool left_in_order_ = false;      ///< the last holder
  int64_t newest_version_ = -1;
  size_t most_gathered_ = 0;              ///< without survivors
  Time growth_;                           ///< when the last of these gathered
  std::optional<Time> short_of_members_;  ///< when all survivors had gathered, but were too few
  std::optional<Time> look_again_;        ///< when the wait of the gathered members ends
  std::string given_up_;

  bool stop_wanted_ = false;
  std::optional<int64_t> stop_target_;

  uint64_t changes_ = 0;
  std::vector<Answer> answers_;
};

}  // namespace muster::inline rendezvous
