#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <thread>

#include "muster/base/error.h"
#include "muster/comm/linked_group.h"
#include "muster/links/gloo_links.h"
#include "tests/contract/communicator_contract.h"
#include "tests/support/memory_store.h"

namespace muster {
namespace {

using std::chrono::milliseconds;
using testing::IsEmpty;

/// A group over Gloo and the loopback interface, all ranks in this process.
contract::Group gloo_group(int size, int64_t slice_bytes) {
  test::MemoryStore store;
  contract::Group group(static_cast<size_t>(size));
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank)
    threads.emplace_back([&, rank] {
      LinkOptions links;
      links.interface = "lo";
      links.connect_within = std::chrono::seconds(20);
      group[static_cast<size_t>(rank)] =
          make_linked_group(connect_gloo_links(store, "test/", rank, size, links), nullptr,
                            {.slice_bytes = slice_bytes, .patience = std::chrono::seconds(20)});
    });
  for (std::thread& thread : threads) thread.join();
  return group;
}

TEST(LinkedGroup, KeepsTheContract) {
  EXPECT_THAT(contract::check_communicator({[](int size) { return gloo_group(size, 8 << 20); }, {2, 3, 5}}),
              IsEmpty());
}

TEST(LinkedGroup, KeepsTheContractInSmallSlices) {
  EXPECT_THAT(contract::check_communicator({[](int size) { return gloo_group(size, 5000); }, {2, 4}}),
              IsEmpty());
}

void own_handler(int) {}

TEST(LinkedGroup, TheDeathOfAPeerDoesNotEndUsBySigpipe) {
  void (*const before)(int) = std::signal(SIGPIPE, SIG_DFL);
  gloo_group(2, 8 << 20);
  EXPECT_EQ(std::signal(SIGPIPE, own_handler), SIG_IGN);
  gloo_group(2, 8 << 20);
  EXPECT_EQ(std::signal(SIGPIPE, before), own_handler) << "what the program had said is kept";
}

TEST(LinkedGroup, AnUnknownInterfaceIsNamedTogetherWithThoseThereAre) {
  test::MemoryStore store;
  LinkOptions links;
  links.interface = "no_such_interface";
  try {
    connect_gloo_links(store, "test/", 0, 1, links);
    FAIL() << "an unknown interface is taken";
  } catch (const OptionError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("comm.interface = 'no_such_interface'"));
    EXPECT_THAT(error.what(), testing::HasSubstr("lo"));
  }
}

TEST(LinkedGroup, APeerThatDoesNotComeIsLost) {
  test::MemoryStore store;
  LinkOptions links;
  links.interface = "lo";
  links.connect_within = milliseconds(300);
  const auto started = std::chrono::steady_clock::now();
  EXPECT_THROW(connect_gloo_links(store, "test/", 0, 2, links), LostPeer);
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(3));
}

}  // namespace
}  // namespace muster
