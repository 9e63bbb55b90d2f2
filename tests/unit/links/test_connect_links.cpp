#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "muster/base/error.h"
#include "muster/links/connect_links.h"
#include "muster/links/host_memory_key.h"
#include "tests/contract/connecting_contract.h"
#include "tests/contract/links_contract.h"
#include "tests/support/have_gloo.h"
#include "tests/support/memory_store.h"

namespace muster {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

LinkOptions over_loopback(std::chrono::milliseconds within = 20s) {
  LinkOptions options;
  options.interface = "lo";
  options.connect_within = within;
  return options;
}

/// All ranks in this process.
std::vector<ConnectedLinks> connected(LinkKind kind, int size) {
  test::MemoryStore store;
  std::vector<std::future<ConnectedLinks>> coming;
  for (int rank = 0; rank < size; ++rank)
    coming.push_back(std::async(std::launch::async, [&, rank] {
      return connect_links(kind, store, "test/", rank, size, over_loopback());
    }));
  std::vector<ConnectedLinks> links;
  for (auto& one : coming) links.push_back(one.get());
  return links;
}

TEST(ConnectLinks, KeepTheContract) {
  const auto make = [](int size) {
    std::vector<std::unique_ptr<Links>> links;
    for (ConnectedLinks& one : connected(LinkKind::automatic, size)) links.push_back(std::move(one.links));
    return links;
  };
  EXPECT_THAT(contract::check_links({make, {2}}), IsEmpty());
}

TEST(ConnectLinks, KeepTheContractOfConnecting) {
  for (const LinkKind kind : {LinkKind::automatic, LinkKind::shared_memory}) {
    const auto connect = [kind](KeyValues& store, const std::string& prefix, int rank, int size,
                                const LinkOptions& options) {
      return connect_links(kind, store, prefix, rank, size, options).links;
    };
    EXPECT_THAT(contract::check_connecting({.store = [] { return std::make_unique<test::MemoryStore>(); },
                                            .connect = connect,
                                            .options = over_loopback()}),
                IsEmpty());
  }
}

TEST(ConnectLinks, TakeSharedMemoryOnOneHostUnlessGlooIsNamed) {
  for (const ConnectedLinks& one : connected(LinkKind::automatic, 3))
    EXPECT_EQ(one.kind, LinkKind::shared_memory);
  if (!test::have_gloo) GTEST_SKIP() << "built without Gloo";
  for (const ConnectedLinks& one : connected(LinkKind::gloo, 2)) EXPECT_EQ(one.kind, LinkKind::gloo);
}

/// The key under which Gloo's rank tells where it listens.
bool tried_gloo(test::MemoryStore& store) { return store.check({"test/address_0"}); }

TEST(ConnectLinks, TakeGlooWhereOneRankIsOnAnotherHost) {
  test::MemoryStore store;
  store.set("test/memory_of_1", host_memory_key());
  store.set("test/memory_of_2", "another host");
  if (test::have_gloo)
    EXPECT_THROW(connect_links(LinkKind::automatic, store, "test/", 0, 3, over_loopback(200ms)), LostPeer);
  else
    EXPECT_THROW(connect_links(LinkKind::automatic, store, "test/", 0, 3, over_loopback(200ms)), Error);
  EXPECT_EQ(tried_gloo(store), test::have_gloo);
  EXPECT_FALSE(store.check({"test/host_memory/0"}));
}

TEST(ConnectLinks, TakeGlooWhereNobodyCanShareMemory) {
  if (!test::have_gloo) GTEST_SKIP() << "built without Gloo";
  test::MemoryStore store;
  store.set("test/memory_of_1", "");
  EXPECT_THROW(connect_links(LinkKind::automatic, store, "test/", 0, 2, over_loopback(200ms)), LostPeer);
  EXPECT_TRUE(tried_gloo(store));
}

TEST(ConnectLinks, AnUnknownInterfaceIsAnErrorWhateverIsChosen) {
  LinkOptions options;
  options.interface = "no_such_interface";
  for (const LinkKind kind : {LinkKind::automatic, LinkKind::gloo, LinkKind::shared_memory}) {
    test::MemoryStore store;
    EXPECT_THROW(connect_links(kind, store, "test/", 0, 2, options), OptionError);
  }
}

TEST(ConnectLinks, KindsHaveNames) {
  for (const LinkKind kind : {LinkKind::automatic, LinkKind::gloo, LinkKind::shared_memory})
    EXPECT_EQ(link_kind_of(std::string(name_of(kind))), kind);
  try {
    link_kind_of("mpi");
    FAIL() << "an unknown kind is taken";
  } catch (const OptionError& error) {
    EXPECT_THAT(error.what(), HasSubstr("comm.links = 'mpi'"));
  }
}

}  // namespace
}  // namespace muster
