#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "muster/base/stopwatch.h"
#include "muster/links/host_memory_key.h"
#include "muster/links/shared_memory_links.h"
#include "tests/contract/connecting_contract.h"
#include "tests/contract/links_contract.h"
#include "tests/support/memory_store.h"
#include "tests/unit/links/shared_memory_threads.h"

namespace muster {
namespace {

using namespace std::chrono_literals;
using test::connect_threads;
using testing::HasSubstr;
using Bytes = std::vector<std::byte>;

constexpr LaneShape little{.slot_bytes = 1024, .slots = 2};

std::string lost_words(const std::function<void()>& body) {
  try {
    body();
  } catch (const LostPeer& lost) {
    return lost.what();
  }
  return "nothing was lost";
}

Bytes filled(size_t bytes, int with) { return Bytes(bytes, static_cast<std::byte>(with)); }

TEST(SharedMemoryLinks, KeepTheContract) {
  const contract::LinksMaker maker{.make = [](int size) { return connect_threads(size); },
                                   .sizes = {2, 3, 5}};
  for (const std::string& broken : contract::check_links(maker)) ADD_FAILURE() << broken;
}

TEST(SharedMemoryLinks, KeepTheContractInLittleMemory) {
  const contract::LinksMaker maker{.make = [](int size) { return connect_threads(size, {}, little); },
                                   .sizes = {2, 3}};
  for (const std::string& broken : contract::check_links(maker)) ADD_FAILURE() << broken;
}

TEST(SharedMemoryLinks, KeepTheContractOfConnecting) {
  const contract::ConnectingMaker maker{
      .store = [] { return std::make_unique<test::MemoryStore>(); },
      .connect =
          [](KeyValues& store, const std::string& prefix, int rank, int size, const LinkOptions& options) {
            return connect_shared_memory_links(store, prefix, rank, size, options);
          }};
  for (const std::string& broken : contract::check_connecting(maker)) ADD_FAILURE() << broken;
}

/// A hundred messages of three slots each fill the lanes; they are received from the last tag to the first.
TEST(SharedMemoryLinks, FindAnyTagBehindFullLanes) {
  const auto links = connect_threads(2, {}, little);
  constexpr int messages = 100;
  std::thread sender([&] {
    std::vector<Bytes> memory;
    std::vector<std::unique_ptr<Transfer>> sent;
    for (int i = 0; i < messages; ++i) memory.push_back(filled(2500, i));
    for (int i = 0; i < messages; ++i) sent.push_back(links[0]->send(memory[static_cast<size_t>(i)], 1, i));
    for (auto& one : sent) links[0]->wait(*one);
  });
  for (int i = messages - 1; i >= 0; --i) {
    Bytes memory(2500);
    links[1]->wait(*links[1]->receive(memory, 0, i));
    EXPECT_EQ(memory, filled(2500, i)) << i;
  }
  sender.join();
}

/// Each of three waits until all it sends has left before it asks for anything.
TEST(SharedMemoryLinks, SendsLeaveBeforeAnybodyReceives) {
  const auto links = connect_threads(3, {}, little);
  std::vector<std::thread> ranks;
  for (int rank = 0; rank < 3; ++rank)
    ranks.emplace_back([&, rank] {
      Links& own = *links[static_cast<size_t>(rank)];
      const Bytes memory = filled(100'000, rank);
      std::vector<std::unique_ptr<Transfer>> sent;
      for (const int other : {(rank + 1) % 3, (rank + 2) % 3}) sent.push_back(own.send(memory, other, 4));
      for (auto& one : sent) own.wait(*one);
      for (const int other : {(rank + 1) % 3, (rank + 2) % 3}) {
        Bytes come(100'000);
        own.wait(*own.receive(come, other, 4));
        EXPECT_EQ(come, filled(100'000, other));
      }
    });
  for (std::thread& one : ranks) one.join();
}

TEST(SharedMemoryLinks, AViewDoesNotStopWhatIsBehindIt) {
  const auto links = connect_threads(2, {}, little);
  const Bytes shown = filled(1024, 1), large = filled(50'000, 2);
  const auto first = links[0]->send(shown, 1, 1), second = links[0]->send(large, 1, 2);
  const auto view = links[1]->receive_anywhere(1024, 0, 1);
  Bytes memory(50'000);
  const auto behind = links[1]->receive(memory, 0, 2);
  std::thread sender([&] { links[0]->wait(*second); });
  links[1]->wait(*view);
  links[1]->wait(*behind);
  sender.join();
  EXPECT_EQ(memory, large);
  EXPECT_TRUE(std::ranges::equal(view->bytes(), shown));
}

TEST(SharedMemoryLinks, AViewOutlivesItsLinks) {
  auto links = connect_threads(2);
  const Bytes memory = filled(5000, 3);
  links[0]->wait(*links[0]->send(memory, 1, 1));
  const auto view = links[1]->receive_anywhere(5000, 0, 1);
  links[1]->wait(*view);
  links.clear();
  EXPECT_TRUE(std::ranges::equal(view->bytes(), memory));
}

/// The third message is whole although the two before it were given up, one by each side.
TEST(SharedMemoryLinks, AMessageThatIsGivenUpTakesNoOtherWithIt) {
  const auto links = connect_threads(2, {}, little);
  const Bytes first = filled(9000, 1), second = filled(9000, 2), third = filled(9000, 3);
  auto given_up = links[0]->send(first, 1, 1);
  const auto sent = links[0]->send(second, 1, 1), last = links[0]->send(third, 1, 1);
  given_up.reset();
  std::thread sender([&] {
    links[0]->wait(*sent);
    links[0]->wait(*last);
  });
  Bytes memory(9000);
  const auto cut = links[1]->receive(memory, 0, 1);
  EXPECT_EQ(lost_words([&] { links[1]->wait(*cut); }), "rank 0 has given up a message");
  links[1]->receive(memory, 0, 1).reset();
  links[1]->wait(*links[1]->receive(memory, 0, 1));
  sender.join();
  EXPECT_EQ(memory, third);
}

TEST(SharedMemoryLinks, AMessageOfAnotherLengthIsLost) {
  const auto links = connect_threads(2);
  const Bytes three = filled(3, 1);
  Bytes four(4);
  const auto sent = links[0]->send(three, 1, 1);
  const auto received = links[1]->receive(four, 0, 1);
  EXPECT_EQ(lost_words([&] { links[1]->wait(*received); }),
            "rank 0 sent a message of 3 bytes where 4 were expected");
  const auto again = links[0]->send(three, 1, 1);
  links[1]->wait(*links[1]->receive(std::span(four).first(3), 0, 1));
}

TEST(SharedMemoryLinks, SayWhoIsMissingAndWhy) {
  auto links = connect_threads(2, {.names = {"worker 4", "worker 6"}});
  Bytes memory(3);
  const auto waited = links[1]->receive(memory, 0, 1);
  links[0].reset();
  EXPECT_EQ(lost_words([&] { links[1]->wait(*waited); }), "worker 4 is gone: it has left the group");
  links[1]->interrupt();
  EXPECT_EQ(lost_words([&] { links[1]->wait(*waited); }), "worker 4 did not answer");
}

TEST(SharedMemoryLinks, SmallMessagesGoBackAndForthFast) {
  const auto links = connect_threads(2);
  constexpr int rounds = 200;
  const auto play = [&](int rank) {
    Links& own = *links[static_cast<size_t>(rank)];
    for (int i = 0; i < rounds; ++i) {
      Bytes ball = filled(24, i);
      if (i % 2 == rank)
        own.wait(*own.send(ball, 1 - rank, 1));
      else
        own.wait(*own.receive(ball, 1 - rank, 1));
      EXPECT_EQ(ball, filled(24, i));
    }
  };
  std::thread other([&] { play(1); });
  const Stopwatch watch;
  play(0);
  other.join();
  EXPECT_LT(watch.seconds(), 2.0);  // 200 sleeps that nobody ends would take longer
}

int open_descriptors() {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    count += entry.path().empty() ? 0 : 1;
  return count;
}
bool maps_memory_of_links() {
  std::stringstream maps;
  maps << std::ifstream("/proc/self/maps").rdbuf();
  return maps.str().find("muster-links") != std::string::npos;
}

TEST(SharedMemoryLinks, LeaveNothingBehind) {
  const int before = open_descriptors();
  {
    const auto links = connect_threads(3);
    EXPECT_EQ(open_descriptors(), before + 6);  // a connection to each of two others
    EXPECT_TRUE(maps_memory_of_links());
  }
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_FALSE(maps_memory_of_links());
}

/// A group of one needs nobody.
TEST(SharedMemoryLinks, OfOneRank) {
  const auto links = connect_threads(1);
  EXPECT_EQ(links[0]->size(), 1);
  EXPECT_EQ(links[0]->waits_for(), std::nullopt);
}

LinkOptions quick() {
  LinkOptions options;
  options.connect_within = 200ms;
  return options;
}

TEST(ConnectingSharedMemoryLinks, EndsWhenARankDoesNotCome) {
  test::MemoryStore store;
  LinkOptions options = quick();
  options.names = {"worker 4", "worker 6"};
  options.waits = std::make_shared<Waits>();
  std::atomic<bool> noted{false};
  std::thread looking([&] {
    const Stopwatch watch;
    while (!noted && watch.seconds() < 0.19) {
      const auto wait = options.waits->present();
      noted = wait && wait->whom == "worker 6" && wait->where == "to send its address";
    }
  });
  EXPECT_EQ(lost_words([&] { connect_shared_memory_links(store, "", 0, 2, options); }),
            "worker 6 did not send its address within 200 ms");
  looking.join();
  EXPECT_TRUE(noted);
  EXPECT_EQ(options.waits->present(), std::nullopt);
}

class Broken final : public GroupWatch {
 public:
  bool broken() override { return true; }
  void waits() override {}
  std::optional<std::chrono::milliseconds> patience() override { return std::nullopt; }
};

TEST(ConnectingSharedMemoryLinks, EndsWhenAMemberHasDied) {
  test::MemoryStore store;
  LinkOptions options;
  options.watch = std::make_shared<Broken>();
  const Stopwatch watch;
  EXPECT_EQ(lost_words([&] { connect_shared_memory_links(store, "", 0, 2, options); }),
            "a process died while the group formed");
  EXPECT_LT(watch.seconds(), 5.0);
}

TEST(ConnectingSharedMemoryLinks, EndsWhereARankListensNoMore) {
  test::MemoryStore store;
  store.set("host_memory/0", host_memory_key() + "\nmuster-that-nobody-has");
  EXPECT_THAT(lost_words([&] { connect_shared_memory_links(store, "", 1, 2, quick()); }),
              HasSubstr("rank 0 is gone: Connection refused"));
}

TEST(ConnectingSharedMemoryLinks, RefusesAnotherHost) {
  test::MemoryStore store;
  store.set("host_memory/1", "another host\nmuster-somewhere");
  try {
    connect_shared_memory_links(store, "", 0, 2, quick());
    ADD_FAILURE() << "ranks of two hosts share memory";
  } catch (const LostPeer&) {
    ADD_FAILURE() << "it is no peer's fault";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("rank 0 cannot share memory with rank 1: they run on different hosts"));
  }
}

}  // namespace
}  // namespace muster
