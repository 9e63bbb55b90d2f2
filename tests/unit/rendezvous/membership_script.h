#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "muster/rendezvous/membership.h"

namespace muster {

/// Plays events on a Membership with a clock of its own and keeps every member's last answers.
class MembershipScript {
 public:
  using Member = Membership::Member;
  using Call = Membership::Call;
  using Answers = std::map<std::pair<Member, Call>, Membership::Answer>;

  explicit MembershipScript(const MembershipOptions& options) : membership(options) {}

  std::optional<std::string> join(Member member, const std::string& name, int wish = -1,
                                  const Identity& identity = {{"version", "1"}}) {
    return membership.join(member, name, wish, identity, now, static_cast<int64_t>(member));
  }
  /// The process "mOLD" comes again as another member.
  std::optional<std::string> come_back(Member member, Member old, int wish = -1) {
    return membership.join(member, "m" + std::to_string(old), wish, {{"version", "1"}}, now,
                           static_cast<int64_t>(old));
  }
  /// Named "mN".
  void come(Member member, int wish = -1) { join(member, "m" + std::to_string(member), wish); }
  void gather(Member member, int64_t version = -1, int64_t held_in = -1) {
    membership.gather(member, version, now, held_in);
    keep();
  }
  void confirm(Member member, bool connected = true) { confirm(member, membership.generation(), connected); }
  void confirm(Member member, int64_t generation, bool connected) {
    membership.confirm(member, generation, connected, now);
    keep();
  }
  void lose(Member member) {
    membership.lose(member, now);
    keep();
  }
  void leave(Member member) {
    membership.leave(member, now);
    keep();
  }
  void say(Member member, int64_t step) {
    membership.say_stop_step(member, step);
    keep();
  }
  /// Time passes in which these beat.
  template <typename Members>
  void pass(std::chrono::nanoseconds time, const Members& beating) {
    const auto end = now + time;
    while (now < end) {
      now += std::min<std::chrono::nanoseconds>(end - now, std::chrono::milliseconds(10));
      for (const Member member : beating) membership.heard(member, now);
      membership.pass(now);
      keep();
    }
  }

  /// The answer, which is then forgotten.
  std::optional<Membership::Answer> answer(Member member, Call call) {
    auto found = answers.extract({member, call});
    if (found.empty()) return std::nullopt;
    return found.mapped();
  }
  std::optional<Generation> generation(Member member) {
    const auto found = answer(member, Call::gather);
    return found && std::holds_alternative<Generation>(found->what)
               ? std::optional(std::get<Generation>(found->what))
               : std::nullopt;
  }
  std::optional<bool> confirmed(Member member) {
    const auto found = answer(member, Call::confirm);
    return found && std::holds_alternative<bool>(found->what) ? std::optional(std::get<bool>(found->what))
                                                              : std::nullopt;
  }
  std::optional<int64_t> stop_step(Member member) {
    const auto found = answer(member, Call::stop_step);
    return found ? std::optional(std::get<int64_t>(found->what)) : std::nullopt;
  }
  /// Why the call was lost; empty where there is no such answer.
  std::string lost(Member member, Call call = Call::gather) {
    const auto found = answer(member, call);
    return found && std::holds_alternative<Membership::Lost>(found->what)
               ? std::get<Membership::Lost>(found->what).why
               : "";
  }
  bool broken(Member member) const { return membership.news(member).broken >= membership.generation(); }

  Membership membership;
  Membership::Time now{};
  Answers answers;

 private:
  void keep() {
    for (const Membership::Answer& one : membership.take_answers()) answers[{one.member, one.call}] = one;
  }
};

}  // namespace muster
