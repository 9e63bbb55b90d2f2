#include <gtest/gtest.h>

#include <thread>

#include "muster/serve/wait_watch.h"

namespace muster {
namespace {

TEST(WaitWatch, SaysALongWaitAndNotAShortOne) {
  WaitWatch watch(std::chrono::milliseconds(40), std::chrono::hours(1));
  EXPECT_FALSE(watch.due(true));
  EXPECT_FALSE(watch.due(false));
  std::this_thread::sleep_for(std::chrono::milliseconds(60));
  EXPECT_FALSE(watch.due(true)) << "this wait begins here";
  std::this_thread::sleep_for(std::chrono::milliseconds(60));
  EXPECT_TRUE(watch.due(true));
  EXPECT_GT(watch.seconds(), 0.05);
  EXPECT_FALSE(watch.due(true)) << "and again only later";
  EXPECT_FALSE(watch.due(false));
  EXPECT_EQ(watch.seconds(), 0);
}

}  // namespace
}  // namespace muster
