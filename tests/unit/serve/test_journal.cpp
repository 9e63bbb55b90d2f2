// A disk that stalls: fdatasync() of this program waits for as long as a test wants.
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "muster/base/error.h"
#include "muster/serve/training_desk.h"
#include "tests/support/small_server.h"

namespace {

std::mutex stall_mutex;
std::condition_variable stall_changed;
bool stalls = false, fails = false;
int waiting = 0;

}  // namespace

// In the place of the C library's.
extern "C" int fdatasync(int descriptor) {
  std::unique_lock lock(stall_mutex);
  ++waiting;
  stall_changed.notify_all();
  stall_changed.wait(lock, [] { return !stalls; });
  --waiting;
  if (fails) {
    errno = EIO;
    return -1;
  }
  lock.unlock();
  return static_cast<int>(::syscall(SYS_fdatasync, descriptor));
}

namespace muster {
namespace {

using test::contribution_to;
using test::small_desk;
using test::soon;

class StallingDisk : public ::testing::Test {
 protected:
  ~StallingDisk() override { set(false, false); }
  static void set(bool stall, bool fail) {
    const std::lock_guard lock(stall_mutex);
    stalls = stall;
    fails = fail;
    stall_changed.notify_all();
  }
  static void wait_for_the_disk() {
    std::unique_lock lock(stall_mutex);
    stall_changed.wait(lock, [] { return waiting > 0; });
  }
  const test::TemporaryFolder folder_;
};

TEST_F(StallingDisk, MakesNobodyWaitWhoIsToldNothingNew) {
  const auto desk = small_desk(folder_.path(), {.lease = 0.2});
  const MemberIdentity a = desk->join("a", std::nullopt, std::nullopt);
  const MemberIdentity b = desk->join("b", std::nullopt, std::nullopt);
  const GivenRound given = desk->next_round(a, soon());
  set(true, false);
  auto answer = std::async(std::launch::async,
                           [&] { return desk->hand_in(a, contribution_to(given.assignment, 1), 64); });
  wait_for_the_disk();
  for (int look = 0; look < 30; ++look) {  // longer than the lease
    desk->look();
    EXPECT_EQ(desk->status().version, 1);
    EXPECT_TRUE(desk->beat(a, 1).known);
    EXPECT_TRUE(desk->beat(b, 1).known);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(answer.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  EXPECT_TRUE(desk->take_ended_rounds().empty()) << "it is not on the disk";
  auto again = std::async(std::launch::async,
                          [&] { return desk->judge_early(a, contribution_to(given.assignment, 1)); });
  EXPECT_EQ(again.wait_for(std::chrono::milliseconds(50)), std::future_status::timeout)
      << "a duplicate is as good as counted: it may not be told yet";
  set(false, false);
  EXPECT_EQ(answer.get().verdict, Verdict::counted);
  EXPECT_EQ(again.get()->verdict, Verdict::duplicate);
  EXPECT_EQ(desk->take_ended_rounds().size(), 1U);
}

TEST_F(StallingDisk, TheEndIsToldWhenItIsOnTheDisk) {
  const auto desk = small_desk(folder_.path(), {.total_steps = 4});
  const MemberIdentity who = desk->join("a", std::nullopt, std::nullopt);
  const GivenRound given = desk->next_round(who, soon());
  set(true, false);
  auto answer = std::async(std::launch::async,
                           [&] { return desk->hand_in(who, contribution_to(given.assignment, 1), 64); });
  wait_for_the_disk();
  while (desk->local_steps() < 4) std::this_thread::yield();
  EXPECT_FALSE(desk->finished());
  EXPECT_FALSE(desk->beat(who, 4).finished);
  EXPECT_FALSE(desk->status().finished);
  set(false, false);
  EXPECT_TRUE(answer.get().finished);
  EXPECT_TRUE(desk->finished());
}

TEST_F(StallingDisk, AFailedFlushIsTheEnd) {
  const auto desk = small_desk(folder_.path());
  const MemberIdentity who = desk->join("a", std::nullopt, std::nullopt);
  const GivenRound given = desk->next_round(who, soon());
  set(false, true);
  EXPECT_THROW(desk->hand_in(who, contribution_to(given.assignment, 1), 64), FileError);
  set(false, false);  // a later one would lie
  EXPECT_THROW(desk->hand_in(who, contribution_to(given.assignment, 1), 64), FileError);
  EXPECT_THROW(desk->look(), FileError);
  EXPECT_THROW(desk->save(), FileError);
}

}  // namespace
}  // namespace muster
