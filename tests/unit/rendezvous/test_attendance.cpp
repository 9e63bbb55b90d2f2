#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "muster/base/error.h"
#include "muster/base/stopwatch.h"
#include "muster/rendezvous/attendance.h"
#include "muster/rendezvous/store_server.h"
#include "tests/unit/rendezvous/child_process.h"
#include "tests/unit/rendezvous/run_server.h"

namespace muster {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// Sanitizers and a busy machine slow everything down.
#ifdef MUSTER_SANITIZED
constexpr int slowness = 5;
#else
constexpr int slowness = 1;
#endif

/// Waits for it, at most `seconds`; how long it took, or nothing.
std::optional<double> time_until(const std::function<bool()>& holds, double seconds = 3) {
  const Stopwatch watch;
  while (!holds()) {
    if (watch.seconds() > seconds) return std::nullopt;
    std::this_thread::sleep_for(1ms);
  }
  return watch.seconds();
}

/// What `work` throws.
template <typename Thrown>
std::string message_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Thrown& error) {
    return error.what();
  }
  return "nothing was thrown";
}

using Team = std::vector<std::unique_ptr<Attendance>>;

/// All gather with these versions, and confirm.
std::vector<Generation> meet(const Team& team, const std::vector<int64_t>& versions) {
  std::vector<std::future<Generation>> formed;
  for (size_t i = 0; i < team.size(); ++i)
    formed.push_back(async([&, i] { return team[i]->gather(versions[i]); }));
  std::vector<Generation> generations;
  for (auto& one : formed) generations.push_back(one.get());
  std::vector<std::future<bool>> confirmed;
  for (size_t i = 0; i < team.size(); ++i)
    confirmed.push_back(async([&, i] { return team[i]->confirm(generations[i], true); }));
  for (auto& one : confirmed) EXPECT_TRUE(one.get());
  return generations;
}

Team team_of(const StoreServer& server, int size) {
  Team team;
  for (int rank = 0; rank < size; ++rank) team.push_back(join(server, "rank " + std::to_string(rank), rank));
  return team;
}

TEST(Attendance, RanksFollowWishesAndAllConfirm) {
  const StoreServer server(quick_options(3, 3));
  Team team;
  for (const int wish : {2, 0, 1}) team.push_back(join(server, "member " + std::to_string(wish), wish));
  const std::vector<Generation> generations = meet(team, {5, -1, 5});
  const std::vector<int> ranks{2, 0, 1};
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(generations[i].number, 0);
    EXPECT_EQ(generations[i].rank, ranks[i]);
    EXPECT_EQ(generations[i].size, 3);
    EXPECT_EQ(generations[i].names, (std::vector<std::string>{"member 0", "member 1", "member 2"}));
    EXPECT_EQ(generations[i].versions, (std::vector<int64_t>{-1, 5, 5}));
    EXPECT_FALSE(team[i]->broken());
  }
  EXPECT_EQ(server.status().members, 3);
  EXPECT_EQ(server.status().generation, 0);
  EXPECT_EQ(server.status().version, 5);
  team.pop_back();
  EXPECT_EQ(server.status().members, 2);
}

TEST(Attendance, LivesOnAfterALease) {
  const StoreServer server(quick_options(1, 1));
  const Team team = team_of(server, 1);
  meet(team, {-1});
  std::this_thread::sleep_for(500ms);  // the lease is 0.3 s
  EXPECT_FALSE(team[0]->broken());
  EXPECT_EQ(server.status().members, 1);
}

TEST(Attendance, NewcomersAreLetIn) {
  const StoreServer server(quick_options(2, 2));
  Team team = team_of(server, 2);
  meet(team, {-1, -1});
  EXPECT_FALSE(team[0]->newcomers());
  team.push_back(join(server, "late", -1));
  auto late = async([&] { return team[2]->gather(-1); });
  for (const size_t i : {0, 1}) EXPECT_TRUE(time_until([&] { return team[i]->newcomers(); }));
  EXPECT_FALSE(team[0]->broken());
  auto first = async([&] { return team[0]->gather(3); });
  const Generation second = team[1]->gather(3);
  EXPECT_EQ(second.versions, (std::vector<int64_t>{3, 3, -1}));
  EXPECT_EQ(late.get().rank, 2);
  EXPECT_EQ(first.get().rank, 0);
  EXPECT_FALSE(team[1]->newcomers());
}

TEST(Attendance, AConfirmThatFailsFailsForAll) {
  const StoreServer server(quick_options(2, 2));
  const Team team = team_of(server, 2);
  auto other = async([&] {
    const Generation generation = team[1]->gather(-1);
    return team[1]->confirm(generation, true);
  });
  const Generation generation = team[0]->gather(-1);
  EXPECT_FALSE(team[0]->confirm(generation, false));
  EXPECT_FALSE(other.get());
  EXPECT_EQ(meet(team, {-1, -1})[0].number, 1);
}

/// Joins, trains, and joins again when it was taken for dead; tells what it has come to.
void member_process(int from, int to) {
  const StoreEndpoint endpoint{.address = "127.0.0.1", .port = read_number(from), .token = "secret"};
  const auto come = [&] {
    return std::make_unique<Attendance>(endpoint, "child", -1, Identity{{"version", "1"}}, 5s);
  };
  std::unique_ptr<Attendance> attendance = come();
  attendance->confirm(attendance->gather(-1), true);
  write_number(to, 1);
  while (!attendance->expelled() && !attendance->store_lost()) std::this_thread::sleep_for(1ms);
  const bool broken = attendance->broken();
  try {
    attendance->gather(0);
  } catch (const LostPeer&) {
    attendance = come();
    write_number(to, broken ? 2 : 3);
    const Generation next = attendance->gather(-1);
    attendance->confirm(next, true);
    write_number(to, 10 + static_cast<int>(next.number));
  }
  ::pause();
}

TEST(Attendance, AKilledMemberIsMissedAtOnce) {
  const ChildProcess child(member_process);
  const StoreServer server(quick_options(3, 2));
  write_number(child.to(), server.port());
  const Team team = team_of(server, 2);
  meet(team, {-1, -1});
  ASSERT_EQ(read_number(child.from()), 1);
  EXPECT_EQ(server.status().members, 3);
  child.send_signal(SIGKILL);
  for (const auto& member : team) {
    const auto time = time_until([&] { return member->broken(); });
    ASSERT_TRUE(time);
    EXPECT_LT(*time, 0.2 * slowness);
  }
  const std::vector<Generation> next = meet(team, {4, 4});
  EXPECT_EQ(next[0].size, 2);
  EXPECT_FALSE(team[0]->broken());
}

TEST(Attendance, ASleeperIsLeftBehindLearnsItAndComesBack) {
  const ChildProcess child(member_process);
  const StoreServer server(quick_options(3, 2));
  write_number(child.to(), server.port());
  const Team team = team_of(server, 2);
  meet(team, {-1, -1});
  ASSERT_EQ(read_number(child.from()), 1);
  child.send_signal(SIGSTOP);
  const auto time = time_until([&] { return team[0]->broken() && team[1]->broken(); });
  ASSERT_TRUE(time);
  EXPECT_GT(*time, 0.2);
  EXPECT_LT(*time, 0.6 * slowness);
  meet(team, {7, 7});
  child.send_signal(SIGCONT);
  EXPECT_EQ(read_number(child.from()), 2);
  EXPECT_TRUE(time_until([&] { return team[0]->newcomers(); }));
  EXPECT_EQ(meet(team, {9, 9})[0].versions, (std::vector<int64_t>{9, 9, -1}));
  EXPECT_EQ(read_number(child.from()), 12);
}

TEST(Attendance, AServerThatSleptExcusesItsMembers) {
  const ChildProcess child([](int, int to) {
    const StoreServer server(quick_options(1, 1));
    write_number(to, server.port());
    ::pause();
  });
  const StoreEndpoint endpoint{.address = "127.0.0.1", .port = read_number(child.from()), .token = "secret"};
  Attendance attendance(endpoint, "a", 0, {}, 5s);
  attendance.gather(-1);
  child.send_signal(SIGSTOP);
  std::this_thread::sleep_for(400ms);
  child.send_signal(SIGCONT);
  std::this_thread::sleep_for(100ms);
  EXPECT_FALSE(attendance.expelled());
  EXPECT_FALSE(attendance.store_lost());
  child.send_signal(SIGSTOP);  // for good: it is as if the link were cut
  EXPECT_TRUE(time_until([&] { return attendance.store_lost(); }));
}

/// A server and its member sleep at the same time, the server a little less: whether the member is in after
/// it.
bool goes_on_after_sleeping() {
  const ChildProcess member(member_process);
  const ChildProcess server([](int, int to) {
    const StoreServer own(quick_options(1, 1));
    write_number(to, own.port());
    ::pause();
  });
  write_number(member.to(), read_number(server.from()));
  EXPECT_EQ(read_number(member.from()), 1);
  server.send_signal(SIGSTOP);
  member.send_signal(SIGSTOP);
  std::this_thread::sleep_for(450ms);
  server.send_signal(SIGCONT);
  std::this_thread::sleep_for(50ms);
  member.send_signal(SIGCONT);
  pollfd news{member.from(), POLLIN, 0};
  return ::poll(&news, 1, 200) == 0;
}

// A busy machine may let the member sleep for longer than it is excused: then once more.
TEST(Attendance, AJobThatSleptAsAWholeGoesOn) {
  bool goes_on = false;
  for (int attempt = 0; attempt < 3 && !goes_on; ++attempt) goes_on = goes_on_after_sleeping();
  EXPECT_TRUE(goes_on) << "the member was expelled, or lost the store";
}

TEST(Attendance, AServerThatIsGoneIsNoticedAtOnce) {
  auto server = std::make_unique<StoreServer>(quick_options(2, 2));
  const Team team = team_of(*server, 1);
  auto waiting = async([&] { return message_of<LostPeer>([&] { team[0]->gather(-1); }); });
  std::this_thread::sleep_for(20ms);
  EXPECT_FALSE(team[0]->store_lost());
  const Stopwatch watch;
  server.reset();
  EXPECT_THAT(waiting.get(), HasSubstr("is gone"));
  EXPECT_TRUE(team[0]->store_lost());
  EXPECT_THROW(team[0]->ask_to_stop(), LostPeer);
  EXPECT_LT(watch.seconds(), 0.2 * slowness);
}

TEST(Attendance, TooFewAreGivenUpWithTheirNumber) {
  const StoreServer server(quick_options(3, 2));
  Team team = team_of(server, 3);
  meet(team, {-1, -1, -1});
  team.pop_back();
  team.pop_back();
  const std::string message = message_of<LostPeer>([&] { team[0]->gather(1); });
  EXPECT_THAT(message, HasSubstr("1 of at least 2 processes are left"));
  EXPECT_THAT(server.status().given_up, HasSubstr("1 of at least 2"));
}

TEST(Attendance, RefusesWhoDoesNotFit) {
  const StoreServer server(quick_options(2, 2));
  const auto member = join(server, "a", 0, {{"model.parameters", "100"}, {"version", "1"}});
  const Stopwatch watch;
  const auto refusal = [&](const std::string& name, int wish, const Identity& identity) {
    return message_of<Error>([&] { join(server, name, wish, identity); });
  };
  EXPECT_EQ(refusal("b", 1, {{"model.parameters", "200"}, {"version", "1"}}),
            "this process does not fit the run: model.parameters is '100' there, '200' here");
  EXPECT_EQ(refusal("b", 1, {{"model.parameters", "100"}, {"version", "2"}}),
            "this process does not fit the run: version is '1' there, '2' here");
  EXPECT_THAT(refusal("b", 0, {{"model.parameters", "100"}, {"version", "1"}}), HasSubstr("rank 0"));
  EXPECT_THAT(refusal("a", 1, {{"model.parameters", "100"}, {"version", "1"}}), HasSubstr("name 'a'"));
  EXPECT_LT(watch.seconds(), 0.3 * slowness);
  EXPECT_EQ(server.status().members, 1);
}

TEST(Attendance, AllAgreeOnTheStepToStopAt) {
  const StoreServer server(quick_options(3, 3));
  const Team team = team_of(server, 3);
  meet(team, {-1, -1, -1});
  EXPECT_FALSE(team[2]->stop_wanted());
  team[0]->ask_to_stop();
  for (const auto& member : team) EXPECT_TRUE(time_until([&] { return member->stop_wanted(); }));
  EXPECT_EQ(team[0]->stop_step(10, 20ms), std::nullopt);
  std::vector<std::future<std::optional<int64_t>>> said;
  for (size_t i = 0; i < 3; ++i)
    said.push_back(async([&, i] { return team[i]->stop_step(10 + static_cast<int64_t>(i), 5s); }));
  for (auto& one : said) EXPECT_EQ(one.get(), 12);
  EXPECT_EQ(team[1]->stop_step(40, 5s), 12);
}

TEST(Attendance, CallsOfSeveralThreadsDoNotHinderEachOther) {
  const StoreServer server(quick_options(2, 2));
  const Team team = team_of(server, 2);
  meet(team, {-1, -1});
  auto gathering = async([&] { return team[0]->gather(1).number; });
  auto stopping = async([&] { return team[0]->stop_step(5, 5s); });
  team[0]->ask_to_stop();
  EXPECT_EQ(team[1]->stop_step(6, 5s), 6);
  EXPECT_EQ(stopping.get(), 6);
  EXPECT_EQ(team[1]->gather(1).number, 1);
  EXPECT_EQ(gathering.get(), 1);
}

}  // namespace
}  // namespace muster
