#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <thread>

#include "muster/base/error.h"
#include "muster/comm/group_member.h"
#include "muster/flat/vector.h"
#include "muster/rendezvous/store_server.h"
#include "tests/support/have_gloo.h"

namespace muster {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

Place place(const StoreServer& server, int rank, int size) {
  Place place;
  place.rank = rank;
  place.size = size;
  place.store = Place::Store::launcher;
  place.store_address = "127.0.0.1";
  place.store_port = server.port();
  return place;
}

StoreServerOptions three_of_which_two() {
  StoreServerOptions options;
  options.expected = 3;
  options.min_members = 2;
  options.lease = milliseconds(400);
  return options;
}

JoinOptions here(const std::string& model = "mlp", LinkKind links = LinkKind::automatic) {
  JoinOptions options;
  options.links = links;
  options.interface = "lo";
  options.identity["task.model"] = model;
  options.patience = std::chrono::seconds(20);
  return options;
}

const ElasticOptions elastic{.min_members = 2, .deadline = milliseconds(400)};

double mean_of_ranks(Communicator& group) {
  Vector number = flat_vector(1, ElementType::float64);
  *number.data<double>() = group.rank();
  group.start_mean(number, number)->wait(deadline_in(std::chrono::seconds(20)));
  return *number.data<double>();
}

class GroupMembers : public testing::TestWithParam<LinkKind> {
 protected:
  void SetUp() override {
    if (GetParam() == LinkKind::gloo && !test::have_gloo) GTEST_SKIP() << "built without Gloo";
  }
  static JoinOptions here() { return muster::here("mlp", GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(Links, GroupMembers, testing::Values(LinkKind::gloo, LinkKind::shared_memory),
                         [](const auto& kind) { return std::string(name_of(kind.param)); });

TEST_P(GroupMembers, SurvivorsGoOnAndNewcomersComeIn) {
  StoreServer server(three_of_which_two());
  std::vector<std::thread> ranks;
  for (int rank = 0; rank < 3; ++rank)
    ranks.emplace_back([&, rank] {
      auto member = std::make_unique<GroupMember>(place(server, rank, 3), here(), elastic);
      EXPECT_EQ(mean_of_ranks(member->next_group(0)), 1);
      if (rank == 1) {
        member.reset();
        member = std::make_unique<GroupMember>(place(server, 1, 3), here(), elastic);
        Communicator& group = member->next_group(-1);
        EXPECT_EQ(group.rank(), 2);
        EXPECT_THAT(member->generation().versions, testing::ElementsAre(1, 1, -1));
        EXPECT_EQ(mean_of_ranks(group), 1);
        return;
      }
      EXPECT_THROW(mean_of_ranks(member->group()), LostPeer);
      // The one that comes back may be in time for the next generation already.
      while (member->next_group(1).size() < 3) {
        EXPECT_EQ(mean_of_ranks(member->group()), 0.5);
        while (!member->newcomers()) std::this_thread::sleep_for(milliseconds(5));
      }
      EXPECT_EQ(mean_of_ranks(member->group()), 1);
    });
  for (std::thread& rank : ranks) rank.join();
}

TEST_P(GroupMembers, WithoutTheStoreASilentPeerIsWaitedForNoLongerThanTheDeadline) {
  auto server = std::make_unique<StoreServer>(three_of_which_two());
  const auto waits = std::make_shared<Waits>();
  std::vector<std::unique_ptr<GroupMember>> members(3);
  std::vector<std::thread> ranks;
  for (int rank = 0; rank < 3; ++rank)
    ranks.emplace_back([&, rank] {
      JoinOptions options = here();
      if (rank == 0) options.waits = waits;
      auto& member = members[static_cast<size_t>(rank)];
      member = std::make_unique<GroupMember>(place(*server, rank, 3), options, elastic);
      member->next_group(-1);
    });
  for (std::thread& rank : ranks) rank.join();
  GroupMember& waiting = *members[0];
  server.reset();
  EXPECT_THROW(mean_of_ranks(waiting.group()), LostPeer);  // the others live, and do not take part
  EXPECT_TRUE(waiting.store_lost());
  EXPECT_FALSE(waiting.store_gone());
  EXPECT_THROW(waiting.next_group(3), LostPeer);
  EXPECT_TRUE(waiting.store_gone());
  EXPECT_TRUE(waiting.counts());
  EXPECT_EQ(mean_of_ranks(waiting.go_alone()), 0);
  EXPECT_EQ(waiting.generation().size, 1);
  EXPECT_FALSE(waits->present());
}

TEST_P(GroupMembers, NotesForWhomItWaitsAtAMeeting) {
  const StoreServer server(three_of_which_two());
  const auto waits = std::make_shared<Waits>();
  std::vector<std::thread> ranks;
  for (int rank = 0; rank < 3; ++rank)
    ranks.emplace_back([&, rank] {
      JoinOptions options = here();
      if (rank == 0) options.waits = waits;
      GroupMember member(place(server, rank, 3), options, elastic);
      Communicator& group = member.next_group(-1);
      if (rank == 2) {  // comes to the meeting when it is seen to be waited for
        std::optional<Wait> wait;
        for (int i = 0; i < 2000 && !(wait && wait->where == "at a meeting"); ++i) {
          std::this_thread::sleep_for(milliseconds(10));  // rank 0 may still connect
          wait = waits->present();
        }
        ASSERT_TRUE(wait);
        EXPECT_EQ(wait->whom, "rank 2");
        EXPECT_EQ(wait->where, "at a meeting");
        EXPECT_EQ(wait->state, "it lives");
      }
      EXPECT_EQ(mean_of_ranks(group), 1);
    });
  for (std::thread& rank : ranks) rank.join();
}

TEST(GroupMember, APeerThatDoesNotFitIsToldWhy) {
  StoreServer server(three_of_which_two());
  GroupMember first(place(server, 0, 3), here(), elastic);
  try {
    const GroupMember other(place(server, 1, 3), here("gpt"), elastic);
    FAIL() << "another model is let in";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("task.model"));
    EXPECT_THAT(error.what(), HasSubstr("gpt"));
  }
}

TEST(GroupMember, SaysHowItsGroupIsLinked) {
  StoreServerOptions two;
  two.expected = 2;
  const StoreServer server(two);
  std::vector<std::thread> ranks;
  for (int rank = 0; rank < 2; ++rank)
    ranks.emplace_back([&, rank] {
      GroupMember member(place(server, rank, 2), here());
      EXPECT_EQ(member.links(), std::nullopt);
      member.next_group(0);
      EXPECT_EQ(member.links(), LinkKind::shared_memory);
      EXPECT_EQ(mean_of_ranks(member.group()), 0.5);
      member.go_alone();
      EXPECT_EQ(member.links(), std::nullopt);
    });
  for (std::thread& rank : ranks) rank.join();
}

TEST(GroupMember, APeerThatIsLinkedOtherwiseIsToldSo) {
  StoreServer server(three_of_which_two());
  GroupMember first(place(server, 0, 3), here(), elastic);
  EXPECT_THROW(GroupMember(place(server, 1, 3), here("mlp", LinkKind::gloo), elastic), Error);
}

TEST_P(GroupMembers, RankZeroServesTheStoreWhereNobodyElseDoes) {
  Place zero = [] {
    StoreServer probe(StoreServerOptions{});  // a port that is free
    return place(probe, 0, 2);
  }();
  zero.store = Place::Store::rank_zero;
  Place one = zero;
  one.rank = 1;
  std::thread other([&] { EXPECT_EQ(mean_of_ranks(*join_group(one, here())), 0.5); });
  EXPECT_EQ(mean_of_ranks(*join_group(zero, here())), 0.5);
  other.join();
}

}  // namespace
}  // namespace muster
