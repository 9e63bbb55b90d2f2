#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "muster/rendezvous/membership.h"
#include "tests/unit/rendezvous/membership_script.h"

namespace muster {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using Members = std::vector<Membership::Member>;

constexpr MembershipOptions fixed_group{.expected = 3, .min_members = 3, .lease = 300ms, .patience = 1000ms};
constexpr MembershipOptions elastic_group{
    .expected = 3, .min_members = 2, .lease = 300ms, .patience = 1000ms};

/// Members 1, 2, 3 of a confirmed generation 0.
MembershipScript running(const MembershipOptions& options) {
  MembershipScript script(options);
  for (const Membership::Member member : {1, 2, 3}) script.come(member, static_cast<int>(member) - 1);
  for (const Membership::Member member : {1, 2, 3}) script.gather(member);
  for (const Membership::Member member : {1, 2, 3}) script.confirm(member);
  script.answers.clear();
  return script;
}

TEST(Membership, TheFirstGenerationWaitsForAllAndRanksByWish) {
  MembershipScript script(fixed_group);
  script.come(10, 2);
  script.come(11, 0);
  script.come(12, 1);
  script.gather(10);
  script.gather(11, 7);
  EXPECT_FALSE(script.generation(10));
  script.gather(12);
  const Generation first = script.generation(11).value();
  EXPECT_EQ(first.number, 0);
  EXPECT_EQ(first.rank, 0);
  EXPECT_EQ(first.size, 3);
  EXPECT_THAT(first.names, ElementsAre("m11", "m12", "m10"));
  EXPECT_THAT(first.versions, ElementsAre(7, -1, -1));
  EXPECT_EQ(script.generation(12)->rank, 1);
  EXPECT_EQ(script.generation(10)->rank, 2);
}

TEST(Membership, WithoutWishesRanksFollowArrival) {
  MembershipScript script({.expected = 3, .min_members = 3});
  script.come(5);
  script.come(3);
  script.come(9, 0);
  for (const Membership::Member member : {9, 3, 5}) script.gather(member);
  EXPECT_THAT(script.generation(5)->names, ElementsAre("m9", "m5", "m3"));
}

TEST(Membership, AnElasticRunBeginsALeaseAfterTheLastArrival) {
  MembershipScript script(elastic_group);
  script.come(1);
  script.come(2);
  script.gather(1);
  script.pass(200ms, Members{1, 2});
  script.gather(2);
  script.pass(290ms, Members{1, 2});
  EXPECT_FALSE(script.generation(1));
  script.pass(10ms, Members{1, 2});
  EXPECT_EQ(script.generation(1)->size, 2);
}

TEST(Membership, WhoCrashesAgainAndAgainDoesNotHoldUpTheStart) {
  MembershipScript script(elastic_group);
  for (const Membership::Member member : {1, 2}) script.come(member);
  for (const Membership::Member member : {1, 2}) script.gather(member);
  for (Membership::Member looper = 100;
       looper < 110 && !script.answers.contains({1, Membership::Call::gather}); ++looper) {
    script.come(looper);
    script.pass(100ms, Members{1, 2, looper});
    script.lose(looper);
  }
  EXPECT_EQ(script.generation(1)->size, 2);
}

TEST(Membership, AFixedRunThatDoesNotFillUpIsGivenUp) {
  MembershipScript script(fixed_group);
  for (const Membership::Member member : {1, 2}) script.come(member);
  for (const Membership::Member member : {1, 2}) script.gather(member);
  script.pass(990ms, Members{1, 2});
  EXPECT_TRUE(script.answers.empty());
  script.pass(20ms, Members{1, 2});
  EXPECT_THAT(script.lost(1), HasSubstr("only 2 of 3 processes came"));
  EXPECT_THAT(script.lost(2), HasSubstr("at least 3 are needed"));
  EXPECT_THAT(script.membership.given_up(), HasSubstr("only 2 of 3"));
  script.gather(1);
  EXPECT_THAT(script.lost(1), HasSubstr("only 2 of 3"));
}

TEST(Membership, AllConfirmOrNone) {
  MembershipScript script = running(elastic_group);
  for (const Membership::Member member : {1, 2, 3}) script.gather(member, 4);
  script.answers.clear();
  script.confirm(1);
  script.confirm(2);
  EXPECT_FALSE(script.confirmed(1));
  script.confirm(3, false);
  for (const Membership::Member member : {1, 2, 3}) EXPECT_EQ(script.confirmed(member), false);
  EXPECT_TRUE(script.broken(1));
  script.confirm(1);  // too late
  EXPECT_EQ(script.confirmed(1), false);

  for (const Membership::Member member : {1, 2, 3}) script.gather(member, 4);
  EXPECT_EQ(script.generation(2)->number, 2);
  EXPECT_FALSE(script.broken(1));
  for (const Membership::Member member : {1, 2, 3}) script.confirm(member);
  for (const Membership::Member member : {1, 2, 3}) EXPECT_EQ(script.confirmed(member), true);
  script.confirm(1);  // again
  EXPECT_EQ(script.confirmed(1), true);
  script.confirm(1, 1, true);  // of the generation before
  EXPECT_EQ(script.confirmed(1), false);
}

TEST(Membership, ADeathBeforeAllHaveConfirmedAnswersThemWithFalse) {
  MembershipScript script = running(elastic_group);
  for (const Membership::Member member : {1, 2, 3}) script.gather(member, 4);
  script.confirm(1);
  script.lose(3);
  EXPECT_EQ(script.confirmed(1), false);
  script.confirm(2);
  EXPECT_EQ(script.confirmed(2), false);
}

TEST(Membership, WhoGathersInsteadOfConfirmingCouldNotConnect) {
  MembershipScript script = running(elastic_group);
  for (const Membership::Member member : {1, 2, 3}) script.gather(member, 4);
  script.confirm(1);
  script.gather(2, 4);
  EXPECT_EQ(script.confirmed(1), false);
}

TEST(Membership, ADeathBreaksTheGenerationAndTheSurvivorsGoOnInTheirOldOrder) {
  MembershipScript script = running(elastic_group);
  EXPECT_FALSE(script.broken(1));
  script.lose(1);
  EXPECT_TRUE(script.broken(2));
  script.gather(3, 5);
  script.pass(5000ms, Members{2, 3});  // 2 computes
  EXPECT_TRUE(script.answers.empty());
  script.gather(2, 6);
  const Generation next = script.generation(2).value();
  EXPECT_EQ(next.number, 1);
  EXPECT_THAT(next.names, ElementsAre("m2", "m3"));
  EXPECT_THAT(next.versions, ElementsAre(6, 5));
  EXPECT_EQ(script.membership.newest_version(), 6);
}

TEST(Membership, NewcomersAreAnnouncedAndComeBehindTheSurvivors) {
  MembershipScript script = running(elastic_group);
  script.lose(2);
  script.come(20, 1);  // the wish of the dead
  EXPECT_FALSE(script.membership.news(1).newcomers);
  script.gather(20);
  script.come(19);
  script.gather(19);
  EXPECT_TRUE(script.membership.news(1).newcomers);
  EXPECT_FALSE(script.membership.news(20).newcomers);
  script.gather(3, 5);
  EXPECT_TRUE(script.answers.empty());
  script.gather(1, 5);
  EXPECT_THAT(script.generation(1)->names, ElementsAre("m1", "m3", "m20", "m19"));
  EXPECT_EQ(script.generation(19)->versions, (std::vector<int64_t>{5, 5, -1, -1}));
  EXPECT_FALSE(script.membership.news(1).newcomers);
}

TEST(Membership, WhoGathersUninvitedBreaksTheGeneration) {
  MembershipScript script = running(elastic_group);
  script.gather(1, 3);
  EXPECT_TRUE(script.broken(2));
}

TEST(Membership, WhoGathersForNewcomersBreaksTheGenerationALeaseLater) {
  MembershipScript script = running(elastic_group);
  script.come(4);
  script.gather(4);
  script.gather(1, 3);
  EXPECT_FALSE(script.broken(2));
  script.pass(310ms, Members{1, 2, 3, 4});
  EXPECT_TRUE(script.broken(2));
}

TEST(Membership, TooFewWaitForMoreThenGiveUp) {
  MembershipScript script = running(elastic_group);
  script.lose(1);
  script.lose(2);
  script.gather(3, 9);
  script.pass(900ms, Members{3});
  EXPECT_TRUE(script.answers.empty());
  script.pass(200ms, Members{3});
  EXPECT_THAT(script.lost(3), HasSubstr("1 of at least 2 processes are left"));
}

TEST(Membership, TooFewGoOnWhenSomebodyComes) {
  MembershipScript script = running(elastic_group);
  script.lose(1);
  script.lose(2);
  script.gather(3, 9);
  script.pass(900ms, Members{3});
  script.come(4);
  script.gather(4);
  EXPECT_THAT(script.generation(3)->versions, ElementsAre(9, -1));
}

TEST(Membership, SilenceIsDeathAndTheSleeperIsTold) {
  MembershipScript script = running(elastic_group);
  script.pass(290ms, Members{1, 2});
  EXPECT_FALSE(script.membership.news(3).expelled);
  script.pass(20ms, Members{1, 2});
  EXPECT_TRUE(script.membership.news(3).expelled);
  EXPECT_TRUE(script.broken(1));
  EXPECT_EQ(script.membership.living(), 2);
  script.gather(3, 0);
  EXPECT_THAT(script.lost(3), HasSubstr("silent for longer than the lease"));
  script.confirm(3);
  EXPECT_THAT(script.lost(3, Membership::Call::confirm), HasSubstr("join again"));
  EXPECT_TRUE(script.join(3, "m3"));               // not on this connection
  EXPECT_FALSE(script.join(4, "m3").has_value());  // under its old name on another
  script.gather(4);
  script.gather(1, 2);
  script.gather(2, 2);
  EXPECT_EQ(script.generation(4)->size, 3);
}

TEST(Membership, AnExcusedSilenceIsNoDeath) {
  MembershipScript script = running(elastic_group);
  script.now += 5000ms;
  script.membership.renew_leases(script.now);
  script.membership.pass(script.now);
  EXPECT_EQ(script.membership.living(), 3);
}

TEST(Membership, WhenAllHaveDiedWhoComesWaitsForTheOthersAndBeginsAgain) {
  MembershipScript script = running(elastic_group);
  for (const Membership::Member member : {1, 2, 3}) script.gather(member, 7);
  for (const Membership::Member member : {1, 2, 3}) script.confirm(member);
  for (const Membership::Member member : {1, 2, 3}) script.lose(member);
  script.answers.clear();
  script.come(6, 2);
  script.come(5, 1);
  script.come(4, 0);
  script.gather(6);
  script.gather(5);
  EXPECT_TRUE(script.answers.empty());
  script.gather(4);
  const Generation next = script.generation(6).value();
  EXPECT_EQ(next.number, 2);
  EXPECT_THAT(next.names, ElementsAre("m4", "m5", "m6"));  // by wish
  EXPECT_THAT(next.versions, ElementsAre(-1, -1, -1));
  EXPECT_EQ(script.membership.given_up(), "");
  EXPECT_EQ(script.membership.newest_version(), -1);
}

TEST(Membership, WhenAllHaveDiedThoseWhoComeWaitALeaseForTheRest) {
  MembershipScript script = running(elastic_group);
  script.come(4);
  script.gather(4);
  for (const Membership::Member member : {1, 2}) script.lose(member);
  EXPECT_TRUE(script.answers.empty());
  script.pass(200ms, Members{3, 4});
  script.lose(3);
  script.pass(500ms, Members{4});
  EXPECT_TRUE(script.answers.empty()) << "one is too few";
  script.come(5);
  script.gather(5);
  script.pass(290ms, Members{4, 5});
  EXPECT_TRUE(script.answers.empty());
  script.pass(20ms, Members{4, 5});
  EXPECT_EQ(script.generation(4)->size, 2);
}

TEST(Membership, WhenAllHaveDiedTooFewGiveUpAtLast) {
  MembershipScript script = running(elastic_group);
  for (const Membership::Member member : {1, 2, 3}) script.lose(member);
  script.come(4);
  script.gather(4);
  script.pass(1010ms, Members{4});
  EXPECT_THAT(script.lost(4), HasSubstr("only 1 of at least 2 processes came"));
  EXPECT_THAT(script.membership.given_up(), HasSubstr("resumed from its last checkpoint"));
}

TEST(Membership, WhenAllOfAFixedGroupHaveDiedItIsGivenUp) {
  MembershipScript script = running(fixed_group);
  for (const Membership::Member member : {1, 2, 3}) script.lose(member);
  script.come(4);
  script.gather(4);
  EXPECT_THAT(script.lost(4), HasSubstr("no process has the state any more"));
  EXPECT_THAT(script.membership.given_up(), HasSubstr("resumed from its last checkpoint"));
}

TEST(Membership, AWishToStopOutlivesTheDeathOfAll) {
  MembershipScript script = running(elastic_group);
  script.membership.ask_to_stop();
  for (const Membership::Member member : {1, 2, 3}) script.say(member, 50);
  for (const Membership::Member member : {1, 2, 3}) script.lose(member);
  for (const Membership::Member member : {4, 5, 6}) script.come(member);
  for (const Membership::Member member : {4, 5, 6}) script.gather(member);
  EXPECT_TRUE(script.membership.news(4).stop_wanted);
  for (const Membership::Member member : {4, 5, 6}) script.say(member, 12);
  EXPECT_EQ(script.stop_step(4), 12);
}

TEST(Membership, WhoLostItsConnectionBringsItsStateBackWhereNobodyHasGoneOn) {
  MembershipScript script = running(elastic_group);
  script.pass(310ms, Members{});  // the network is down
  EXPECT_EQ(script.membership.living(), 0);
  for (const Membership::Member old : {1, 2, 3}) EXPECT_FALSE(script.come_back(old + 10, old));
  script.gather(11, 8, 0);
  script.gather(12, 9, 0);
  script.gather(13, 9, 0);
  const Generation next = script.generation(11).value();
  EXPECT_EQ(next.number, 1);
  EXPECT_THAT(next.versions, ElementsAre(8, 9, 9));
}

TEST(Membership, WhatASleeperHoldsDoesNotCountWhereTheOthersHaveGoneOn) {
  MembershipScript script = running(elastic_group);
  script.pass(310ms, Members{1, 2});
  script.gather(1, 8);
  script.gather(2, 8);
  for (const Membership::Member member : {1, 2}) script.confirm(member);
  EXPECT_FALSE(script.come_back(13, 3));
  script.gather(13, 9, 0);  // of generation 0; the others are in 1
  script.gather(1, 8, 1);
  script.gather(2, 8, 1);
  EXPECT_THAT(script.generation(13)->versions, ElementsAre(8, 8, -1));
  for (const Membership::Member member : {1, 2}) script.lose(member);
  script.gather(13, -1, 2);
  script.come(4);
  script.gather(4);
  script.pass(310ms, Members{13, 4});
  EXPECT_THAT(script.generation(13)->versions, ElementsAre(-1, -1));
}

TEST(Membership, AProcessThatComesAgainTakesItsOwnPlaceAtOnce) {
  MembershipScript script = running(elastic_group);
  EXPECT_TRUE(script.join(20, "m2"));        // another process of that name
  EXPECT_FALSE(script.come_back(12, 2, 1));  // the old connection is not known to be gone yet
  EXPECT_TRUE(script.membership.news(2).expelled);
  EXPECT_TRUE(script.broken(1));
  script.gather(12, 4, 0);
  script.gather(1, 4, 0);
  script.gather(3, 4, 0);
  EXPECT_THAT(script.generation(12)->names, ElementsAre("m1", "m3", "m2"));
}

TEST(Membership, WhoWaitsLearnsForWhomAndHowLong) {
  MembershipScript script(elastic_group);
  script.come(1, 0);
  script.come(3, 2);
  script.gather(3);
  Missing missing = script.membership.missing(3, script.now);
  EXPECT_THAT(missing.names, ElementsAre("m1", "rank 1"));
  EXPECT_EQ(missing.count, 2);
  EXPECT_EQ(missing.here, 1);
  EXPECT_EQ(missing.left, 1000ms);  // the patience
  script.pass(400ms, Members{1, 3});
  script.gather(1);
  missing = script.membership.missing(3, script.now);
  EXPECT_THAT(missing.names, ElementsAre("rank 1"));
  EXPECT_EQ(missing.here, 2);
  EXPECT_FALSE(missing.first);
  EXPECT_TRUE(script.membership.missing(1, script.now).first);
  EXPECT_EQ(missing.left, 300ms);  // enough are there: a lease
  EXPECT_TRUE(missing.enough);
  EXPECT_EQ(script.membership.missing(9, script.now).here, 0);
}

TEST(Membership, WhoWaitsForSurvivorsOrTheirWordLearnsTheirNames) {
  MembershipScript script = running(elastic_group);
  script.gather(1, 5);
  script.gather(2, 5);
  Missing missing = script.membership.missing(1, script.now);
  EXPECT_THAT(missing.names, ElementsAre("m3"));
  EXPECT_FALSE(missing.left.has_value());
  script.gather(3, 5);
  script.confirm(2);
  missing = script.membership.missing(2, script.now);
  EXPECT_THAT(missing.names, ElementsAre("m1", "m3"));
  EXPECT_EQ(missing.here, 1);
}

TEST(Membership, NewcomersWhoHaveNotReceivedTheStateDoNotHoldIt) {
  MembershipScript script = running(elastic_group);
  script.lose(1);
  script.lose(2);
  script.come(4);
  script.gather(4);
  script.gather(3, 6);
  for (const Membership::Member member : {3, 4}) script.confirm(member);
  script.lose(3);
  script.gather(4, -1);
  script.come(5);
  script.gather(5);
  script.pass(310ms, Members{4, 5});
  EXPECT_THAT(script.generation(4)->versions, ElementsAre(-1, -1));
}

TEST(Membership, SurvivorsOfARunWithoutAMeetingBeginAnew) {
  MembershipScript script = running(elastic_group);
  script.lose(2);
  script.gather(1, -1);
  script.gather(3, -1);
  EXPECT_THAT(script.generation(1)->versions, ElementsAre(-1, -1));
}

TEST(Membership, AFailedFirstGenerationIsFormedAgain) {
  MembershipScript script(elastic_group);
  for (const Membership::Member member : {1, 2, 3}) script.come(member);
  for (const Membership::Member member : {1, 2, 3}) script.gather(member);
  for (const Membership::Member member : {1, 2, 3}) script.lose(member);
  for (const Membership::Member member : {4, 5, 6}) script.come(member);
  for (const Membership::Member member : {4, 5, 6}) script.gather(member);
  EXPECT_EQ(script.generation(4)->number, 1);
}

TEST(Membership, AfterTheEndOnlyAFullHouseBeginsANewRun) {
  MembershipScript script = running(elastic_group);
  script.gather(1, 8);
  script.lose(1);
  for (const Membership::Member member : {2, 3}) script.leave(member);
  for (const Membership::Member member : {2, 3}) script.lose(member);
  script.come(4);
  script.gather(4);
  script.pass(310ms, Members{4});
  EXPECT_THAT(script.lost(4), HasSubstr("the run is over"));
  EXPECT_EQ(script.membership.given_up(), "");
  for (const Membership::Member member : {5, 6}) script.come(member);
  for (const Membership::Member member : {4, 5, 6}) script.gather(member);
  EXPECT_EQ(script.generation(5)->size, 3);
  EXPECT_EQ(script.membership.newest_version(), -1);
}

TEST(Membership, WhoResumedBringsTheStateBack) {
  MembershipScript script = running(elastic_group);
  for (const Membership::Member member : {1, 2, 3}) script.lose(member);
  for (const Membership::Member member : {4, 5, 6}) script.come(member);
  script.gather(4, 20);
  for (const Membership::Member member : {5, 6}) script.gather(member);
  EXPECT_THAT(script.generation(6)->versions, ElementsAre(20, -1, -1));
}

TEST(Membership, RefusesAnotherIdentityNameOrRank) {
  MembershipScript script(fixed_group);
  ASSERT_FALSE(script.join(1, "a", 0, {{"model.parameters", "100"}}));
  EXPECT_EQ(script.join(2, "b", 1, {{"model.parameters", "200"}}),
            "this process does not fit the run: model.parameters is '100' there, '200' here");
  EXPECT_THAT(script.join(2, "a", 1, {{"model.parameters", "100"}}).value(), HasSubstr("name 'a'"));
  EXPECT_THAT(script.join(2, "b", 0, {{"model.parameters", "100"}}).value(), HasSubstr("rank 0"));
  EXPECT_FALSE(script.join(2, "b", 1, {{"model.parameters", "100"}}));
  script.lose(1);
  EXPECT_TRUE(script.join(3, "c", 0, {{"model.parameters", "200"}}));  // 2 still lives
  script.lose(2);
  EXPECT_FALSE(script.join(3, "c", 0, {{"model.parameters", "200"}}));
}

TEST(Membership, AllStopAtTheGreatestStep) {
  MembershipScript script = running(elastic_group);
  EXPECT_FALSE(script.membership.news(1).stop_wanted);
  script.membership.ask_to_stop();
  EXPECT_TRUE(script.membership.news(1).stop_wanted);
  script.say(1, 100);
  script.say(2, 103);
  script.say(1, 105);  // raises it: nothing is agreed on yet
  script.say(1, 101);  // takes nothing back
  EXPECT_TRUE(script.answers.empty());
  script.say(3, 99);
  for (const Membership::Member member : {1, 2, 3}) EXPECT_EQ(script.stop_step(member), 105);
  script.say(3, 110);  // too late
  EXPECT_EQ(script.stop_step(3), 105);
}

TEST(Membership, TheDeadHaveNoSayInWhereToStop) {
  MembershipScript script = running(elastic_group);
  script.say(1, 500);
  script.say(2, 100);
  script.lose(1);
  script.come(4);  // waits to be let in: is not asked
  script.gather(4);
  EXPECT_TRUE(script.answers.empty());
  script.leave(3);
  EXPECT_EQ(script.stop_step(2), 100);
}

}  // namespace
}  // namespace muster
