#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "muster/base/random.h"
#include "tests/unit/rendezvous/membership_script.h"

namespace muster {
namespace {

using namespace std::chrono_literals;
using Member = Membership::Member;

/// Members that join, meet, die, sleep, leave and fail to connect by chance; the laws are checked after every
/// event.
class Walk {
 public:
  explicit Walk(uint64_t seed)
      : random_({seed, Purpose::test}),
        options_{.expected = 1 + static_cast<int>(random_.below(5)), .lease = 100ms, .patience = 250ms},
        script_((options_.min_members =
                     1 + static_cast<int>(random_.below(static_cast<uint64_t>(options_.expected))),
                 options_)) {}

  void run(int events) {
    for (int i = 0; i < events && !testing::Test::HasFailure(); ++i) {
      step();
      hear();
    }
    come_to_an_end();
  }
  int formed() const { return static_cast<int>(generations_.size()); }
  int confirmed() const { return confirmed_; }
  int came_back() const { return came_back_; }
  bool given_up() const { return !script_.membership.given_up().empty(); }

 private:
  enum class Doing { idle, gathering, connecting, confirming, training };
  struct Agent {
    Doing doing = Doing::idle;
    int64_t version = -1;
    int64_t generation = -1;  ///< that it held this version in
    bool asleep = false;
  };

  void step() {
    const uint64_t what = random_.below(100);
    if (agents_.empty() || what < 12) return come();
    auto at = agents_.begin();
    std::advance(at, static_cast<int64_t>(random_.below(agents_.size())));
    auto& [member, agent] = *at;
    if (what < 15) return go(member, false);
    if (what < 16) return go(member, true);
    if (what < 18) {
      agent.asleep = true;
    } else if (what < 30) {
      pass(std::chrono::milliseconds(1 + random_.below(120)));
    } else if (what < 40) {
      meet(agent);
    } else if (!agent.asleep) {
      act(member, agent, false);
    }
  }

  void come() {
    if (agents_.size() >= 7) return;
    const Member member = next_++;
    ASSERT_FALSE(script_.join(member, "m" + std::to_string(member)));
    agents_[member] = {};
  }

  void go(Member member, bool in_good_order) {
    if (in_good_order) script_.leave(member);
    script_.lose(member);
    agents_.erase(member);
  }

  /// A meeting succeeds when all its members take part.
  void meet(const Agent& agent) {
    if (agent.doing != Doing::training) return;
    const Generation& group = generations_.at(agent.generation);
    const auto takes_part = [&](const std::string& name) {
      const auto found = agents_.find(std::stoull(name.substr(1)));
      return found != agents_.end() && found->second.doing == Doing::training && !found->second.asleep &&
             found->second.generation == agent.generation;
    };
    if (!std::ranges::all_of(group.names, takes_part)) return;
    for (const std::string& name : group.names) {
      Agent& other = agents_.at(std::stoull(name.substr(1)));
      other.version = std::max<int64_t>(*std::ranges::max_element(group.versions), other.version) + 1;
    }
    newest_ = std::max(newest_, agent.version);
  }

  void act(Member member, Agent& agent, bool kindly) {
    if (agent.doing == Doing::idle) {
      agent.doing = Doing::gathering;
      script_.gather(member, agent.version, agent.generation);
    } else if (agent.doing == Doing::connecting) {
      agent.doing = Doing::confirming;
      script_.confirm(member, agent.generation, kindly || random_.below(10) > 0);
    } else if (agent.doing == Doing::training &&
               (script_.membership.news(member).broken >= agent.generation ||
                script_.membership.news(member).newcomers)) {
      agent.doing = Doing::idle;
    }
  }

  void pass(std::chrono::milliseconds time) {
    for (const auto end = script_.now + time; script_.now < end && !testing::Test::HasFailure();) {
      std::vector<Member> awake;
      for (const auto& [member, agent] : agents_)
        if (!agent.asleep) awake.push_back(member);
      script_.pass(std::min<std::chrono::nanoseconds>(end - script_.now, 10ms), awake);
      hear();
    }
  }

  /// The answers reach those who are still there.
  void hear() {
    for (auto& [key, answer] : std::exchange(script_.answers, {})) {
      const auto found = agents_.find(key.first);
      if (found == agents_.end()) continue;
      Agent& agent = found->second;
      if (std::holds_alternative<Membership::Lost>(answer.what)) {
        agent.doing = Doing::idle;
        if (ending_) turned_away_.push_back(key.first);
      } else if (const auto* const generation = std::get_if<Generation>(&answer.what)) {
        ASSERT_EQ(agent.doing, Doing::gathering);
        check(key.first, agent, *generation);
        agent.version = generation->versions.at(static_cast<size_t>(generation->rank));
        agent.generation = generation->number;
        agent.doing = Doing::connecting;
      } else if (const auto* const all = std::get_if<bool>(&answer.what)) {
        ASSERT_EQ(agent.doing, Doing::confirming);
        agent.doing = *all ? Doing::training : Doing::idle;
        if (*all) confirmed_generations_.insert(agent.generation);
        if (!*all) failed_generations_.insert(agent.generation);
        ASSERT_FALSE(confirmed_generations_.contains(agent.generation) &&
                     failed_generations_.contains(agent.generation));
        confirmed_ = static_cast<int>(confirmed_generations_.size());
      }
    }
    // Who sleeps for longer than the lease may come back as another member, with what it held.
    for (auto at = agents_.begin(); at != agents_.end();) {
      if (!script_.membership.news(at->first).expelled) {
        ++at;
        continue;
      }
      ASSERT_TRUE(at->second.asleep);
      script_.lose(at->first);
      const Agent sleeper = at->second;
      at = agents_.erase(at);
      if (random_.below(3) == 0) continue;
      const Member member = next_++;
      ASSERT_FALSE(script_.join(member, "m" + std::to_string(member)));
      agents_[member] = {.version = sleeper.version, .generation = sleeper.generation};
      ++came_back_;
    }
  }

  void check(Member member, const Agent& agent, const Generation& generation) {
    ASSERT_EQ(generation.names.at(static_cast<size_t>(generation.rank)), "m" + std::to_string(member));
    // Of a state that the others have left behind nothing counts.
    const bool counts = agent.generation < 0 || agent.generation == generation.number - 1;
    const int64_t version = generation.versions.at(static_cast<size_t>(generation.rank));
    ASSERT_EQ(version, counts ? agent.version : -1);
    ASSERT_EQ(generation.size, static_cast<int>(generation.names.size()));
    ASSERT_GE(generation.size, options_.min_members);
    Generation plain = generation;
    plain.rank = 0;
    const auto [known, is_first_to_hear] = generations_.emplace(generation.number, plain);
    ASSERT_EQ(known->second, plain) << "two members were told different things";
    if (!is_first_to_hear) return;
    ASSERT_EQ(generation.number, static_cast<int64_t>(generations_.size()) - 1);
    check_against_the_last(generation);
    // The state that the run has come to is there; it may only be gone when all who held it are.
    const int64_t source = *std::ranges::max_element(generation.versions);
    if (source < 0) newest_ = -1;
    ASSERT_EQ(source, newest_);
  }

  /// Nobody who lives is left behind, and the survivors keep their order.
  void check_against_the_last(const Generation& generation) {
    const auto last = generations_.find(generation.number - 1);
    const bool begins_again = std::ranges::max(generation.versions) < 0;
    if (last == generations_.end() || begins_again) return;
    std::vector<std::string> survivors;
    for (const std::string& name : last->second.names) {
      const Member member = std::stoull(name.substr(1));
      const auto found = agents_.find(member);
      if (found != agents_.end() && found->second.generation == last->first &&
          !script_.membership.news(member).expelled)
        survivors.push_back(name);
    }
    ASSERT_LE(survivors.size(), generation.names.size());
    const std::vector<std::string> first(generation.names.begin(),
                                         generation.names.begin() + static_cast<int64_t>(survivors.size()));
    ASSERT_EQ(first, survivors) << description();
  }

  /// When all gather and nobody dies any more, nobody waits for ever.
  void come_to_an_end() {
    ending_ = true;
    for (auto& [member, agent] : agents_) agent.asleep = false;
    for (int i = 0; i < 12 && !testing::Test::HasFailure(); ++i) {
      for (auto& [member, agent] : agents_) act(member, agent, true);
      hear();
      pass(100ms);
      // Whose call was lost goes home.
      for (const Member member : std::exchange(turned_away_, {})) go(member, true);
    }
    const bool all_well = std::ranges::all_of(
        agents_, [&](const auto& entry) { return entry.second.doing == Doing::training; });
    ASSERT_TRUE(all_well) << description();
  }

  std::string description() const {
    std::string text = "expected " + std::to_string(options_.expected) + ", at least " +
                       std::to_string(options_.min_members) + ", generation " +
                       std::to_string(script_.membership.generation()) + ":";
    for (const auto& [member, agent] : agents_)
      text += " m" + std::to_string(member) + " does " + std::to_string(static_cast<int>(agent.doing)) +
              " in " + std::to_string(agent.generation) + " version " + std::to_string(agent.version);
    return text;
  }

  RandomStream random_;
  MembershipOptions options_;
  MembershipScript script_;
  std::map<Member, Agent> agents_;
  std::map<int64_t, Generation> generations_;
  std::set<int64_t> confirmed_generations_;
  std::set<int64_t> failed_generations_;
  int64_t newest_ = -1;  ///< version of the last meeting that succeeded
  int confirmed_ = 0;
  int came_back_ = 0;
  bool ending_ = false;
  std::vector<Member> turned_away_;
  Member next_ = 1;
};

TEST(MembershipWalk, TheLawsHoldWhateverHappens) {
  int formed = 0;
  int confirmed = 0;
  int came_back = 0;
  int given_up = 0;
  for (uint64_t seed = 0; seed < 3000 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Walk walk(seed);
    walk.run(150);
    formed += walk.formed();
    confirmed += walk.confirmed();
    came_back += walk.came_back();
    given_up += walk.given_up() ? 1 : 0;
  }
  // The walk goes where it should.
  EXPECT_GT(formed, 10000);
  EXPECT_GT(confirmed, 3000);
  EXPECT_LT(confirmed, formed);
  EXPECT_GT(came_back, 1000);
  EXPECT_GT(given_up, 100);
  EXPECT_LT(given_up, 2500);
  RecordProperty("formed", formed);
  RecordProperty("confirmed", confirmed);
  RecordProperty("given_up", given_up);
}

}  // namespace
}  // namespace muster
