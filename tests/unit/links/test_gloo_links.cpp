#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "muster/base/error.h"
#include "muster/base/stopwatch.h"
#include "muster/links/gloo_library_module.h"
#include "muster/links/gloo_links.h"
#include "muster/links/local_address.h"
#include "muster/rendezvous/store_client.h"
#include "muster/rendezvous/store_server.h"
#include "tests/contract/connecting_contract.h"
#include "tests/contract/links_contract.h"
#include "tests/support/have_gloo.h"
#include "tests/support/memory_store.h"
#include "tests/unit/rendezvous/child_process.h"
#include "tests/unit/rendezvous/run_server.h"

#ifndef MUSTER_SANITIZED
// Another Gloo in the program, as LibTorch of PyPI brings one: this program exports its symbols. Neither the
// library of the links nor the Gloo that it is linked with must call them. (The sanitizers' run time forbids
// what keeps the two apart.)
namespace gloo::transport::tcp {
struct attr;
void CreateDevice(const attr&);                       // NOLINT(readability-identifier-naming): Gloo's
void CreateDeviceAttr(const attr&);                   // NOLINT(readability-identifier-naming)
void CreateDevice(const attr&) { std::abort(); }      // NOLINT(readability-identifier-naming)
void CreateDeviceAttr(const attr&) { std::abort(); }  // NOLINT(readability-identifier-naming)
}  // namespace gloo::transport::tcp
#endif

namespace muster {
namespace {

using namespace std::chrono_literals;
using test::have_gloo;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

class GlooLinks : public testing::Test {
 protected:
  void SetUp() override {
    if (!have_gloo) GTEST_SKIP() << "built without Gloo";
  }
};

LinkOptions over_loopback(std::chrono::milliseconds within = 20s) {
  LinkOptions options;
  options.interface = "lo";
  options.connect_within = within;
  return options;
}

/// All ranks in this process.
std::vector<std::unique_ptr<Links>> group_of(int size) {
  test::MemoryStore store;
  std::vector<std::unique_ptr<Links>> group(static_cast<size_t>(size));
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank)
    threads.emplace_back([&, rank] {
      group[static_cast<size_t>(rank)] = connect_gloo_links(store, "test/", rank, size, over_loopback());
    });
  for (std::thread& thread : threads) thread.join();
  return group;
}

std::string what_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "nothing is thrown";
}

// First: a process is forked before there are threads.
TEST_F(GlooLinks, APeerThatIsKilledInTheMiddleOfAMessageIsLost) {
  constexpr size_t length = size_t{64} << 20;
  const ChildProcess child([](int from, int to) {
    const StoreEndpoint endpoint{.address = "127.0.0.1", .port = read_number(from), .token = "secret"};
    StoreClient store(endpoint, 5s);
    const auto links = connect_gloo_links(store, "test/", 1, 2, over_loopback());
    std::vector<std::byte> first(1), memory(length);
    links->wait(*links->receive(first, 0, 1));
    const auto incoming = links->receive(memory, 0, 2);
    const auto outgoing = links->send(memory, 0, 3);
    write_number(to, 1);
    ::pause();
  });
  const StoreServer server(quick_options(1, 1));
  write_number(child.to(), server.port());
  StoreClient store(endpoint_of(server), 5s);
  LinkOptions options = over_loopback();
  options.names = {"worker 5", "worker 7"};
  const auto links = connect_gloo_links(store, "test/", 0, 2, options);
  std::vector<std::byte> first(1), sent(length), received(length);
  links->wait(*links->send(first, 1, 1));
  const auto outgoing = links->send(sent, 1, 2);
  const auto never = links->send(sent, 1, 4);
  const auto incoming = links->receive(received, 1, 3);
  read_number(child.from());
  child.send_signal(SIGSTOP);  // it stops half way, in all likelihood
  std::jthread killer([&] {
    std::this_thread::sleep_for(100ms);
    child.send_signal(SIGKILL);
  });
  const Stopwatch watch;
  EXPECT_THAT(what_of([&] { links->wait(*never); }), HasSubstr("worker 7 is gone: "));
  for (const auto* transfer : {&outgoing, &incoming}) {
    try {
      links->wait(**transfer);  // it may have been through
    } catch (const LostPeer& error) {
      EXPECT_THAT(error.what(), HasSubstr("worker 7 is gone: "));
    }
  }
  EXPECT_LT(watch.seconds(), 5);
}

TEST_F(GlooLinks, KeepTheContract) { EXPECT_THAT(contract::check_links({group_of, {2, 3, 4}}), IsEmpty()); }

TEST_F(GlooLinks, KeepTheContractOfConnecting) {
  LinkOptions options;
  options.interface = "lo";
  EXPECT_THAT(contract::check_connecting({.store = [] { return std::make_unique<test::MemoryStore>(); },
                                          .connect = connect_gloo_links,
                                          .options = options}),
              IsEmpty());
}

TEST_F(GlooLinks, OneRankNeedsNobody) {
  const auto group = group_of(1);
  EXPECT_EQ(group[0]->size(), 1);
  EXPECT_THROW(group[0]->send({}, 0, 0), Bug);
}

TEST_F(GlooLinks, ATransferMayBeAwaitedTwiceAndOutliveItsLinks) {
  auto group = group_of(2);
  std::vector<std::byte> sent(100, std::byte{7}), received(100), never(100);
  auto outgoing = group[0]->send(sent, 1, 1), incoming = group[1]->receive(received, 0, 1);
  for (int time = 0; time < 2; ++time) {
    group[0]->wait(*outgoing);
    group[1]->wait(*incoming);
  }
  EXPECT_EQ(sent, received);
  auto under_way = group[1]->receive(never, 0, 2);
  group.clear();
  under_way.reset();
}

TEST_F(GlooLinks, AMessageThatIsGivenUpEndsTheConnectionAndNoOther) {
  const auto group = group_of(3);
  std::vector<std::byte> memory(100), other(100);
  group[0]->receive(memory, 1, 1).reset();
  EXPECT_THAT(what_of([&] { group[0]->receive(memory, 1, 2); }), HasSubstr("rank 1 is gone: "));
  EXPECT_THAT(what_of([&] { group[1]->wait(*group[1]->receive(memory, 0, 2)); }),
              HasSubstr("rank 0 is gone: "));
  const auto incoming = group[2]->receive(other, 0, 3);
  group[0]->wait(*group[0]->send(memory, 2, 3));
  group[2]->wait(*incoming);
}

TEST_F(GlooLinks, ATransferThatIsThroughMayGoUnawaited) {
  const auto group = group_of(2);
  std::vector<std::byte> sent(100, std::byte{7}), received(100);
  for (int time = 0; time < 20; ++time) {
    const auto incoming = group[1]->receive(received, 0, 1);
    auto outgoing = group[0]->send(sent, 1, 1);
    group[1]->wait(*incoming);
    std::this_thread::sleep_for(1ms);
    outgoing.reset();
  }
  EXPECT_EQ(sent, received);
}

void own_handler(int) {}

TEST_F(GlooLinks, TheDeathOfAPeerDoesNotEndUsBySigpipe) {
  void (*const before)(int) = std::signal(SIGPIPE, SIG_DFL);
  group_of(2);
  EXPECT_EQ(std::signal(SIGPIPE, own_handler), SIG_IGN);
  group_of(2);
  EXPECT_EQ(std::signal(SIGPIPE, before), own_handler) << "what the program had said is kept";
}

TEST_F(GlooLinks, AnUnknownInterfaceIsNamedTogetherWithThoseThereAre) {
  test::MemoryStore store;
  LinkOptions options;
  options.interface = "no_such_interface";
  EXPECT_THROW(connect_gloo_links(store, "test/", 0, 1, options), OptionError);
  EXPECT_THAT(what_of([&] { connect_gloo_links(store, "test/", 0, 1, options); }),
              AllOf(HasSubstr("comm.interface = 'no_such_interface'"), HasSubstr("lo")));
}

TEST_F(GlooLinks, APeerThatDoesNotComeIsLost) {
  test::MemoryStore store;
  const Stopwatch watch;
  EXPECT_THROW(connect_gloo_links(store, "test/", 0, 2, over_loopback(300ms)), LostPeer);
  EXPECT_LT(watch.seconds(), 3);
}

/// An address of rank 1 at which nobody connects, in Gloo's own form: that of a group that is gone, with
/// another port. The rank with the lower port, as its bytes lie, listens; the other one connects.
std::string address_of_nobody(bool listens) {
  test::MemoryStore store;
  EXPECT_THROW(connect_gloo_links(store, "", 1, 2, over_loopback(10ms)), LostPeer);
  std::string address = store.get("address_1", 0ms).value_or("");
  EXPECT_GT(address.size(), sizeof(sockaddr_in));
  sockaddr_in inside{};
  std::memcpy(&inside, address.data(), sizeof inside);
  EXPECT_EQ(inside.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
  inside.sin_port = listens ? 0x0100 : 0xffff;
  std::memcpy(address.data(), &inside, sizeof inside);
  return address;
}

TEST_F(GlooLinks, APeerThatSendsItsAddressAndDoesNotConnectIsLost) {
  test::MemoryStore store;
  store.set("test/address_1", address_of_nobody(false));
  const Stopwatch watch;
  EXPECT_EQ(what_of([&] { connect_gloo_links(store, "test/", 0, 2, over_loopback(300ms)); }),
            "rank 1 did not connect within 300 ms");
  EXPECT_LT(watch.seconds(), 3);
}

TEST_F(GlooLinks, APeerThatRefusesConnectionsIsLost) {
  test::MemoryStore store;
  store.set("test/address_1", address_of_nobody(true));
  const Stopwatch watch;
  EXPECT_THAT(what_of([&] { connect_gloo_links(store, "test/", 0, 2, over_loopback(20s)); }),
              AllOf(HasSubstr("could not connect to rank 1: "), HasSubstr("Connection refused")));
  EXPECT_LT(watch.seconds(), 10);
}

class Watch final : public GroupWatch {
 public:
  bool broken() override { return broken_; }
  void waits() override {}
  std::optional<std::chrono::milliseconds> patience() override { return std::nullopt; }
  void breaks() { broken_ = true; }

 private:
  std::atomic<bool> broken_ = false;
};

TEST_F(GlooLinks, ADeathEndsConnectingAtOnceAndTheWaitIsNoted) {
  for (const bool has_address : {false, true}) {
    test::MemoryStore store;
    if (has_address) store.set("test/address_1", address_of_nobody(false));
    const auto death = std::make_shared<Watch>();
    LinkOptions options = over_loopback(60s);
    options.watch = death;
    options.waits = std::make_shared<Waits>();
    options.names = {"worker 5", "worker 7"};
    std::optional<Wait> seen;
    std::jthread undertaker([&] {
      std::this_thread::sleep_for(100ms);
      seen = options.waits->present();
      death->breaks();
    });
    const Stopwatch watch;
    const std::string error = what_of([&] { connect_gloo_links(store, "test/", 0, 2, options); });
    undertaker.join();
    EXPECT_LT(watch.seconds(), 5);
    EXPECT_EQ(error, "a process died while the group formed");
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->whom + " " + seen->where, has_address ? "connections to the other ranks of a group of 2"
                                                          : "worker 7 to send its address");
  }
}

TEST(LocalAddress, IsThatOfAnInterfaceOrNameOrOfTheFirstInTheVariable) {
  EXPECT_EQ(local_address("lo"), "127.0.0.1");
  EXPECT_EQ(local_address("localhost").empty(), false);
  EXPECT_EQ(local_address("127.0.0.1"), "127.0.0.1");
  ::unsetenv("GLOO_SOCKET_IFNAME");
  EXPECT_FALSE(local_address("").empty());
  ::setenv("GLOO_SOCKET_IFNAME", "lo,eth77", 1);
  EXPECT_EQ(local_address(""), "127.0.0.1");
  ::setenv("GLOO_SOCKET_IFNAME", "eth77,lo", 1);
  EXPECT_EQ(local_address("lo"), "127.0.0.1");
  const std::string error = what_of([] { local_address(""); });
  ::unsetenv("GLOO_SOCKET_IFNAME");
  EXPECT_THAT(error, AllOf(HasSubstr("the environment variable GLOO_SOCKET_IFNAME = 'eth77,lo'"),
                           HasSubstr("must be a network interface of this host ("), HasSubstr("lo")));
  // Of a name, the address that belongs to this host.
  EXPECT_THROW(local_address("192.0.2.1"), OptionError);
  EXPECT_THROW(local_address("no such name"), OptionError);
}

TEST(GlooLibrary, ThatIsMissingIsAnErrorThatSaysSo) {
  if (have_gloo) {
    EXPECT_NO_THROW(open_gloo_library(gloo_library_places()));
  }
  EXPECT_THROW(open_gloo_library({"/nowhere/libmuster_gloo_links.so"}), Error);
  EXPECT_THAT(
      what_of([] { open_gloo_library({"/nowhere/libmuster_gloo_links.so"}); }),
      AllOf(HasSubstr("this Muster has no groups between hosts: libmuster_gloo_links.so was not found"),
            HasSubstr("/nowhere/")));
}

TEST(GlooLibrary, ThatIsNoneOrAnotherIsAnErrorThatSaysSo) {
  EXPECT_THAT(what_of([] { open_gloo_library({std::filesystem::canonical("/proc/self/cmdline")}); }),
              HasSubstr("cannot be opened: "));
  Dl_info info{};
  ASSERT_NE(::dladdr(reinterpret_cast<const void*>(&::getpid), &info), 0);
  EXPECT_THAT(what_of([&] { open_gloo_library({info.dli_fname}); }),
              HasSubstr("belongs to another version of Muster"));
}

}  // namespace
}  // namespace muster
