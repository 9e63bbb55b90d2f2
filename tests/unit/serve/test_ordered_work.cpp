#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <thread>

#include "muster/serve/ordered_work.h"
#include "muster/serve/push_slots.h"

namespace muster {
namespace {

using std::chrono::milliseconds;

TEST(OrderedWork, IsTakenInOrderAndKnowsWhatIsDone) {
  OrderedWork<int> work;
  EXPECT_EQ(work.put(7), 1U);
  EXPECT_EQ(work.put(8), 2U);
  EXPECT_EQ(work.last(), 2U);
  EXPECT_EQ(work.take(), (std::deque<int>{7, 8}));
  EXPECT_FALSE(work.done(1));
  work.did(1);
  EXPECT_TRUE(work.done(1));
  EXPECT_FALSE(work.wait_until(2, std::chrono::steady_clock::now() + milliseconds(10)));
  auto waits = std::async(std::launch::async, [&] { work.wait(2); });
  EXPECT_EQ(waits.wait_for(milliseconds(20)), std::future_status::timeout);
  work.did(1);
  waits.get();
}

TEST(OrderedWork, GathersUntilThereIsEnough) {
  OrderedWork<int> work;
  work.put(1);
  auto taken = std::async(std::launch::async, [&] { return work.take(3, std::chrono::minutes(10)); });
  EXPECT_EQ(taken.wait_for(milliseconds(50)), std::future_status::timeout);
  work.put(2);
  work.put(3);
  work.wake();
  EXPECT_EQ(taken.get().size(), 3U);
  work.put(4);
  EXPECT_EQ(work.take(3, milliseconds(10)).size(), 1U) << "and not for ever";
}

TEST(OrderedWork, AFailureIsToldToAllWhoWait) {
  OrderedWork<int> work;
  work.put(1);
  work.put(2);
  work.did(1);
  auto waits = std::async(std::launch::async, [&] { work.wait(2); });
  work.fail("the disk is full");
  EXPECT_THROW(waits.get(), FileError);
  EXPECT_NO_THROW(work.wait(1));
  EXPECT_THROW(work.wait_until(2, std::chrono::steady_clock::now()), FileError);
  EXPECT_THROW(work.require_working(), FileError);
}

TEST(OrderedWork, EndsWhenAllIsTaken) {
  OrderedWork<int> work;
  auto taken = std::async(std::launch::async, [&] { return work.take(); });
  work.end();
  EXPECT_TRUE(taken.get().empty());
  work.put(1);
  EXPECT_EQ(work.take(9, std::chrono::minutes(10)).size(), 1U);
}

TEST(PushSlots, AreAsManyAsFitInMemory) {
  EXPECT_EQ(usual_pushes(100'000, 64), 64) << "all workers' share a flush";
  EXPECT_EQ(usual_pushes(int64_t{16} << 20, 64), 16);
  EXPECT_EQ(usual_pushes(int64_t{2} << 30, 64), 4);
  EXPECT_EQ(usual_pushes(100, 2), 4);
}

TEST(PushSlots, AreGivenBack) {
  PushSlots slots(1);
  {
    const PushSlots::Slot one(slots, 0);
    EXPECT_TRUE(one.taken());
    EXPECT_FALSE(PushSlots::Slot(slots, 0.01).taken());
  }
  EXPECT_TRUE(PushSlots::Slot(slots, 0).taken());
}

}  // namespace
}  // namespace muster
