#include "muster/rendezvous/membership.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "muster/base/error.h"
#include "muster/base/format.h"

namespace muster::inline rendezvous {

namespace {

constexpr const char* expelled_text =
    "this process was silent for longer than the lease, so the others counted it as dead and continued "
    "without "
    "it: it must join again";

std::string duration(std::chrono::milliseconds time) {
  return format_duration(std::chrono::duration<double>(time).count());
}

}  // namespace

Membership::Membership(const MembershipOptions& options) : options_(options) {
  invariant(options.min_members >= 1 && options.expected >= options.min_members,
            "a membership needs 1 <= min_members <= expected");
  invariant(options.lease.count() > 0 && options.patience.count() >= 0, "a lease is longer than nothing");
}

std::optional<std::string> Membership::join(Member member, const std::string& name, int wish,
                                            const Identity& identity, Time now, int64_t process) {
  if (members_.contains(member) || expelled_.contains(member)) return "this connection has joined already";
  const auto before = std::ranges::find_if(
      members_, [&](const auto& entry) { return process != 0 && entry.second.process == process; });
  if (before != members_.end()) expel(before->first);
  if (reference_)
    if (const auto different = first_difference(*reference_, identity))
      return "this process does not fit the run: " + *different;
  for (const auto& [other, attendant] : members_) {
    if (attendant.name == name) return fmt::format("the name '{}' is that of a living member", name);
    if (wish >= 0 && attendant.wish == wish)
      return fmt::format("rank {} belongs to a living member, '{}'", wish, attendant.name);
  }
  if (!reference_) reference_ = identity;
  members_[member] = {.name = name, .process = process, .wish = wish, .arrival = arrivals_++, .heard = now};
  ++changes_;
  return std::nullopt;
}

void Membership::heard(Member member, Time now) {
  const auto found = members_.find(member);
  if (found != members_.end()) found->second.heard = std::max(found->second.heard, now);
}

void Membership::gather(Member member, int64_t version, Time now, int64_t held_in) {
  if (expelled_.contains(member)) return answer(member, Call::gather, Lost{expelled_text});
  heard(member, now);
  Attendant& attendant = members_.at(member);
  const bool invited = has_newcomers();
  // The others have gone on without this member: its outcome of a meeting may differ from theirs.
  if (!attendant.in_present && held_in >= 0 && held_in != number_) version = -1;
  attendant.gathered = version;
  if (version >= 0) {
    newest_version_ = std::max(newest_version_, version);
    attendant.holder = state_seen_ = true;
    left_in_order_ = false;
  } else if (newest_version_ >= 0) {
    attendant.holder = false;
  }
  if (!attendant.in_present) {
    ++changes_;
  } else if (phase_ == Phase::confirming || (phase_ == Phase::confirmed && !invited)) {
    break_present();
  } else if (phase_ == Phase::confirmed && !left_alone_) {
    left_alone_ = now;
  }
  settle(now);
}

void Membership::confirm(Member member, int64_t generation, bool connected, Time now) {
  if (expelled_.contains(member)) return answer(member, Call::confirm, Lost{expelled_text});
  heard(member, now);
  Attendant& attendant = members_.at(member);
  if (generation != number_ || !attendant.in_present || phase_ == Phase::broken)
    return answer(member, Call::confirm, false);
  if (phase_ == Phase::confirmed) return answer(member, Call::confirm, true);
  if (!connected) {
    answer(member, Call::confirm, false);
    return break_present();
  }
  attendant.voted = true;
  const bool all = std::ranges::all_of(present_, [this](Member other) { return members_.at(other).voted; });
  if (!all) return;
  phase_ = Phase::confirmed;
  state_seen_ = true;
  left_in_order_ = false;
  for (const Member other : present_) {
    members_.at(other).voted = false;
    members_.at(other).holder = true;
    answer(other, Call::confirm, true);
  }
}

void Membership::ask_to_stop() {
  if (!stop_wanted_) ++changes_;
  stop_wanted_ = true;
}

void Membership::say_stop_step(Member member, int64_t step) {
  if (expelled_.contains(member)) return answer(member, Call::stop_step, Lost{expelled_text});
  Attendant& attendant = members_.at(member);
  attendant.stop_step = std::max(step, attendant.stop_step.value_or(step));
  attendant.waits_for_stop = true;
  settle_stop();
}

void Membership::leave(Member member, Time now) {
  remove(member, true);
  settle(now);
}

void Membership::lose(Member member, Time now) {
  expelled_.erase(member);
  remove(member, false);
  settle(now);
}

void Membership::pass(Time now) {
  std::vector<Member> silent;
  for (const auto& [member, attendant] : members_)
    if (attendant.heard + options_.lease <= now) silent.push_back(member);
  for (const Member member : silent) expel(member);
  if (left_alone_ && *left_alone_ + options_.lease <= now) break_present();
  settle(now);
}

void Membership::renew_leases(Time now) {
  for (const auto& [member, attendant] : members_) heard(member, now);
}

std::optional<Membership::Time> Membership::next_deadline() const {
  std::optional<Time> first = look_again_;
  const auto consider = [&first](Time time) {
    if (!first || time < *first) first = time;
  };
  for (const auto& [member, attendant] : members_) consider(attendant.heard + options_.lease);
  if (left_alone_) consider(*left_alone_ + options_.lease);
  return first;
}

std::vector<Membership::Answer> Membership::take_answers() { return std::exchange(answers_, {}); }

News Membership::news(Member member) const {
  News news{.broken = phase_ == Phase::broken ? number_ : std::max<int64_t>(number_, 0) - 1,
            .stop_wanted = stop_wanted_};
  const auto found = members_.find(member);
  news.expelled = expelled_.contains(member);
  news.newcomers = found != members_.end() && found->second.in_present && has_newcomers();
  return news;
}

void Membership::remove(Member member, bool in_good_order) {
  auto gone = members_.extract(member);
  if (gone.empty()) return;
  if (gone.mapped().in_present) break_present();
  if (gone.mapped().holder && count(&Attendant::holder) == 0) left_in_order_ = in_good_order;
  ++changes_;  // it may have been a newcomer
  if (members_.empty()) reference_.reset();
  settle_stop();
}

void Membership::expel(Member member) {
  const Attendant attendant = members_.at(member);
  expelled_.insert(member);
  if (attendant.gathered) answer(member, Call::gather, Lost{expelled_text});
  if (attendant.voted) answer(member, Call::confirm, Lost{expelled_text});
  if (attendant.waits_for_stop) answer(member, Call::stop_step, Lost{expelled_text});
  remove(member, false);
}

void Membership::answer(Member member, Call call, std::variant<Generation, bool, int64_t, Lost> what) {
  answers_.push_back({member, call, std::move(what)});
}

void Membership::break_present() {
  left_alone_.reset();
  if (phase_ == Phase::broken) return;
  phase_ = Phase::broken;
  ++changes_;
  for (auto& [member, attendant] : members_)
    if (std::exchange(attendant.voted, false)) answer(member, Call::confirm, false);
}

void Membership::settle_stop() {
  // While there are survivors only they are asked: newcomers wait for them.
  const bool survivors = count(&Attendant::in_present) > 0;
  const auto asked = [survivors](const Attendant& one) { return one.in_present || !survivors; };
  if (!stop_target_) {
    std::optional<int64_t> greatest;
    for (const auto& [member, attendant] : members_) {
      if (!asked(attendant)) continue;
      if (!attendant.stop_step) return;
      greatest = std::max(*attendant.stop_step, greatest.value_or(*attendant.stop_step));
    }
    stop_target_ = greatest;
  }
  if (!stop_target_) return;
  for (auto& [member, attendant] : members_)
    if (std::exchange(attendant.waits_for_stop, false)) answer(member, Call::stop_step, *stop_target_);
}

void Membership::settle(Time now) {
  look_again_.reset();
  size_t gathered = 0;
  bool survivors = false;
  bool all_survivors = true;
  for (const auto& [member, attendant] : members_) {
    gathered += attendant.gathered ? 1 : 0;
    survivors = survivors || attendant.in_present;
    all_survivors = all_survivors && (!attendant.in_present || attendant.gathered);
  }
  if (!all_survivors || gathered == 0) short_of_members_.reset();
  if (gathered == 0) most_gathered_ = 0;
  if (gathered == 0) return;
  if (!given_up_.empty()) return dismiss(given_up_);
  const bool no_state = state_seen_ && count(&Attendant::holder) == 0;
  if (no_state && !left_in_order_ && !elastic())
    return give_up(
        "no process has the state any more: all that had it have died; the run must be resumed from its last "
        "checkpoint");
  if (!all_survivors) return;
  if (no_state)
    return left_in_order_ ? settle_after_the_end(gathered, now) : settle_after_all_died(gathered, now);
  if (survivors) return settle_with_survivors(gathered, now);
  settle_without_survivors(gathered, now);
}

void Membership::settle_with_survivors(size_t gathered, Time now) {
  if (gathered >= static_cast<size_t>(options_.min_members)) return form();
  if (!short_of_members_) short_of_members_ = now;
  if (passed(*short_of_members_, options_.patience, now))
    give_up(fmt::format("{} of at least {} processes are left, and no others came within {}", gathered,
                        options_.min_members, duration(options_.patience)));
}

void Membership::settle_without_survivors(size_t gathered, Time now) {
  note_growth(gathered, now);
  if (gathered >= static_cast<size_t>(options_.expected)) return form();
  if (elastic() && gathered >= static_cast<size_t>(options_.min_members)) {
    if (passed(growth_, options_.lease, now)) form();
  } else if (passed(growth_, options_.patience, now)) {
    give_up(fmt::format("only {} of {} processes came within {}, and at least {} are needed", gathered,
                        options_.expected, duration(options_.patience), options_.min_members));
  }
}

void Membership::settle_after_the_end(size_t gathered, Time now) {
  note_growth(gathered, now);
  if (gathered >= static_cast<size_t>(options_.expected)) {
    forget_run();
    return form();
  }
  if (passed(growth_, elastic() ? options_.lease : options_.patience, now))
    dismiss(
        fmt::format("the run is over: all its members left in good order, and only {} of {} processes "
                    "came for a new one",
                    gathered, options_.expected));
}

void Membership::settle_after_all_died(size_t gathered, Time now) {
  note_growth(gathered, now);
  if (gathered >= static_cast<size_t>(options_.expected)) return begin_again();
  if (gathered >= static_cast<size_t>(options_.min_members)) {
    if (passed(growth_, options_.lease, now)) begin_again();
  } else if (passed(growth_, options_.patience, now)) {
    give_up(
        fmt::format("all processes that held the state have died, and only {} of at least {} processes came "
                    "within {}; the run must "
                    "be resumed from its last checkpoint",
                    gathered, options_.min_members, duration(options_.patience)));
  }
}

// A request to stop stays; the step agreed on belongs to the lost part of the run.
void Membership::begin_again() {
  const bool stop = stop_wanted_;
  forget_run();
  stop_wanted_ = stop;
  for (auto& [member, attendant] : members_) attendant.in_present = false;
  present_.clear();
  form();
}

void Membership::note_growth(size_t gathered, Time now) {
  if (gathered > most_gathered_) growth_ = now;
  most_gathered_ = std::max(most_gathered_, gathered);
}

Missing Membership::missing(Member member, Time now) const {
  Missing missing;
  const auto found = members_.find(member);
  if (found == members_.end()) return missing;
  const bool confirms = found->second.voted;
  if (!confirms && !found->second.gathered) return missing;
  missing.names = names_missing(confirms);
  missing.count = static_cast<int64_t>(missing.names.size());
  missing.names.resize(std::min(missing.names.size(), Missing::most_names));
  for (const auto& [other, attendant] : members_) {
    const bool waits = confirms ? attendant.voted : attendant.gathered.has_value();
    missing.here += waits ? 1 : 0;
    if (waits && attendant.arrival < found->second.arrival) missing.first = false;
  }
  if (!confirms && look_again_)
    missing.left = std::chrono::ceil<std::chrono::milliseconds>(std::max(*look_again_, now) - now);
  missing.enough = elastic() && missing.here >= options_.min_members;
  return missing;
}

/// Members that have not gathered (or confirmed) by name; processes that have not joined by the ranks that no
/// member wishes.
std::vector<std::string> Membership::names_missing(bool in_confirming) const {
  std::vector<std::string> names;
  std::set<int> wished;
  bool survivors_gather = false;
  for (const auto& [other, attendant] : members_) {
    wished.insert(attendant.wish);
    const bool asked = !in_confirming || attendant.in_present;
    const bool ready = in_confirming ? attendant.voted : attendant.gathered.has_value();
    if (asked && !ready) names.push_back(attendant.name);
    survivors_gather = survivors_gather || (attendant.in_present && !ready);
  }
  if (in_confirming || survivors_gather) return names;
  int absent = options_.expected - living();
  for (int rank = 0; rank < options_.expected && absent > 0; ++rank) {
    if (wished.contains(rank)) continue;
    names.push_back(fmt::format("rank {}", rank));
    --absent;
  }
  return names;
}

std::vector<Membership::Member> Membership::ranks_of_next() const {
  std::vector<Member> ranks;
  for (const Member member : present_)
    if (members_.contains(member)) ranks.push_back(member);
  const bool by_wish = ranks.empty();
  std::vector<std::tuple<bool, int, uint64_t, Member>> newcomers;
  for (const auto& [member, attendant] : members_) {
    if (attendant.in_present || !attendant.gathered) continue;
    const int wish = by_wish ? attendant.wish : -1;
    newcomers.emplace_back(wish < 0, wish, attendant.arrival, member);
  }
  std::ranges::sort(newcomers);
  for (const auto& [no_wish, wish, arrival, member] : newcomers) ranks.push_back(member);
  return ranks;
}

void Membership::form() {
  present_ = ranks_of_next();
  Generation formed{.number = ++number_, .size = static_cast<int>(present_.size())};
  for (const Member member : present_) {
    formed.versions.push_back(*members_.at(member).gathered);
    formed.names.push_back(members_.at(member).name);
  }
  for (const Member member : present_) {
    Attendant& attendant = members_.at(member);
    attendant.gathered.reset();
    attendant.in_present = true;
    attendant.voted = false;
    answer(member, Call::gather, formed);
    ++formed.rank;
  }
  phase_ = Phase::confirming;
  left_alone_.reset();
  short_of_members_.reset();
  most_gathered_ = 0;
  ++changes_;
  settle_stop();
}

void Membership::give_up(const std::string& why) {
  given_up_ = why;
  dismiss(why);
}

void Membership::dismiss(const std::string& why) {
  for (auto& [member, attendant] : members_)
    if (std::exchange(attendant.gathered, std::nullopt)) answer(member, Call::gather, Lost{why});
  most_gathered_ = 0;
  ++changes_;
}

void Membership::forget_run() {
  state_seen_ = false;
  newest_version_ = -1;
  stop_wanted_ = false;
  stop_target_.reset();
}

bool Membership::passed(Time since, std::chrono::milliseconds wait, Time now) {
  if (since + wait <= now) return true;
  look_again_ = since + wait;
  return false;
}

bool Membership::has_newcomers() const {
  return std::ranges::any_of(
      members_, [](const auto& entry) { return entry.second.gathered && !entry.second.in_present; });
}

size_t Membership::count(bool Attendant::*what) const {
  return static_cast<size_t>(
      std::ranges::count_if(members_, [what](const auto& entry) { return entry.second.*what; }));
}

}  // namespace muster::inline rendezvous
