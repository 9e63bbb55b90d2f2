#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "muster/base/error.h"
#include "muster/base/stopwatch.h"
#include "muster/rendezvous/store_client.h"
#include "muster/rendezvous/store_server.h"
#include "muster/rendezvous/wire.h"
#include "tests/unit/rendezvous/run_server.h"

namespace muster {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(StoreClient, KeepsKeysAndValues) {
  const StoreServer server(quick_options(1, 1));
  StoreClient client(endpoint_of(server), 5s);
  const std::string value("any\0bytes\xff", 10);
  client.set("a", value);
  EXPECT_EQ(client.get("a", 0ms), value);
  EXPECT_EQ(client.get("b", 0ms), std::nullopt);
  client.set("b", "");
  EXPECT_EQ(client.get("b", 0ms), "");
  EXPECT_TRUE(client.check({"a", "b"}));
  EXPECT_TRUE(client.check({}));
  EXPECT_FALSE(client.check({"a", "c"}));
  EXPECT_EQ(client.count(), 2);
  EXPECT_TRUE(client.remove("b"));
  EXPECT_FALSE(client.remove("b"));
  EXPECT_EQ(client.count(), 1);
}

TEST(StoreClient, AddsAndRefusesWhatIsNoNumber) {
  const StoreServer server(quick_options(1, 1));
  StoreClient client(endpoint_of(server), 5s);
  EXPECT_EQ(client.add("n", 5), 5);
  EXPECT_EQ(client.add("n", -7), -2);
  EXPECT_EQ(client.get("n", 0ms), "-2");
  EXPECT_EQ(client.add("n", INT64_MAX), INT64_MAX - 2);
  EXPECT_THROW(client.add("n", 3), Error);
  client.set("text", "12x");
  EXPECT_THROW(client.add("text", 1), Error);
  EXPECT_EQ(client.get("text", 0ms), "12x");  // a refusal does not end the connection
}

TEST(StoreClient, ComparesAndSets) {
  const StoreServer server(quick_options(1, 1));
  StoreClient client(endpoint_of(server), 5s);
  EXPECT_EQ(client.compare_set("k", "old", "new"), "old");
  EXPECT_EQ(client.count(), 0);
  EXPECT_EQ(client.compare_set("k", "", "first"), "first");
  EXPECT_EQ(client.compare_set("k", "", "other"), "first");
  EXPECT_EQ(client.compare_set("k", "first", "second"), "second");
  EXPECT_EQ(client.get("k", 0ms), "second");
}

TEST(StoreClient, WaitsForKeys) {
  const StoreServer server(quick_options(1, 1));
  StoreClient waiting(endpoint_of(server), 5s);
  StoreClient setting(endpoint_of(server), 5s);
  auto value = async([&] { return waiting.get("later", 5s); });
  std::this_thread::sleep_for(20ms);
  setting.set("later", "here");
  EXPECT_EQ(value.get(), "here");
  auto both = async([&] { return waiting.wait({"x", "y", "later"}, 5s); });
  setting.set("y", "");
  setting.add("x", 1);
  EXPECT_TRUE(both.get());
  const Stopwatch watch;
  EXPECT_FALSE(waiting.wait({"x", "never"}, 60ms));
  EXPECT_EQ(waiting.get("never", 60ms), std::nullopt);
  EXPECT_GE(watch.seconds(), 0.12);
}

TEST(StoreClient, AKeyThatIsRemovedWhileOneWaitsIsMissed) {
  const StoreServer server(quick_options(1, 1));
  StoreClient waiting(endpoint_of(server), 5s);
  StoreClient other(endpoint_of(server), 5s);
  other.set("a", "1");
  auto both = async([&] { return waiting.wait({"a", "b"}, 100ms); });
  std::this_thread::sleep_for(20ms);
  other.remove("a");
  other.set("b", "1");
  EXPECT_FALSE(both.get());
}

TEST(StoreClient, ManyThreadsAddUp) {
  const StoreServer server(quick_options(1, 1));
  StoreClient shared(endpoint_of(server), 5s);
  std::vector<std::future<void>> threads;
  for (int i = 1; i <= 64; ++i)
    threads.push_back(async([&, i] {
      StoreClient own(endpoint_of(server), 10s);
      for (int k = 0; k < 10; ++k) {
        own.add("sum", i);
        shared.add("shared", i);
      }
    }));
  for (auto& thread : threads) thread.get();
  EXPECT_EQ(shared.add("sum", 0), 10 * 64 * 65 / 2);
  EXPECT_EQ(shared.add("shared", 0), 10 * 64 * 65 / 2);
}

TEST(StoreClient, TakesTheLongestMessageAndRefusesALongerOne) {
  const StoreServer server(quick_options(1, 1));
  StoreClient client(endpoint_of(server), 5s);
  const std::string value(longest_message - 100, 'x');
  client.set("long", value);
  EXPECT_EQ(client.get("long", 0ms), value);
  EXPECT_THROW(client.set("long", value + std::string(100, 'y')), Error);
  EXPECT_EQ(client.get("long", 0ms), value);
}

TEST(StoreClient, AServerThatIsGoneIsNoticedAtOnce) {
  auto server = std::make_unique<StoreServer>(quick_options(1, 1));
  StoreClient client(endpoint_of(*server), 5s);
  auto waiting = async([&] {
    try {
      client.get("never", 30s);
    } catch (const LostPeer& lost) {
      return std::string(lost.what());
    }
    return std::string();
  });
  std::this_thread::sleep_for(20ms);
  const Stopwatch watch;
  server.reset();
  EXPECT_THAT(waiting.get(), HasSubstr("is gone"));
  EXPECT_LT(watch.seconds(), 1);
  EXPECT_THROW(client.set("a", "b"), LostPeer);
}

TEST(StoreClient, WaitsForAServerThatDoesNotStandYet) {
  int port = 0;
  {
    const StoreServer reserved(quick_options(1, 1));
    port = reserved.port();
  }
  const StoreEndpoint endpoint{.address = "127.0.0.1", .port = port, .token = "secret"};
  const Stopwatch watch;
  EXPECT_THROW(StoreClient(endpoint, 100ms), LostPeer);
  EXPECT_LT(watch.seconds(), 1);
  auto client = async([&] { return StoreClient(endpoint, 5s).count(); });
  std::this_thread::sleep_for(80ms);
  StoreServerOptions options = quick_options(1, 1);
  options.port = port;
  const StoreServer server(options);
  EXPECT_EQ(client.get(), 0);
}

}  // namespace
}  // namespace muster
