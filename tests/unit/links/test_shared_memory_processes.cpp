#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "muster/base/error.h"
#include "muster/base/stopwatch.h"
#include "muster/links/shared_memory_links.h"
#include "muster/links/unix_socket.h"
#include "muster/rendezvous/store_client.h"
#include "muster/rendezvous/store_server.h"
#include "tests/unit/rendezvous/child_process.h"

namespace muster {
namespace {

using namespace std::chrono_literals;
using Bytes = std::vector<std::byte>;

/// What a rank tells the test.
enum Word { connected = 1, lost = 2, done = 3, wrong = 4 };

/// Ranks that are processes of one group, with the store in the test's own.
class Processes {
 public:
  /// `body(links, from, to)` runs in each of them; it may read what say() says from `from`, and write words
  /// to `to`.
  using Body = std::function<void(Links&, int from, int to)>;

  Processes(int size, const Body& body) {
    for (int rank = 0; rank < size; ++rank)
      ranks_.push_back(std::make_unique<ChildProcess>([&, rank](int from, int to) {
        StoreClient store({.address = "127.0.0.1", .port = read_number(from), .token = "secret"}, 20s);
        const auto links = connect_shared_memory_links(store, "group/", rank, size, {});
        write_number(to, connected);
        body(*links, from, to);
      }));
    server_ = std::make_unique<StoreServer>(StoreServerOptions{.token = "secret", .expected = size});
    for (const auto& rank : ranks_) write_number(rank->to(), server_->port());
    for (int rank = 0; rank < size; ++rank) EXPECT_EQ(hear(rank), connected);
  }

  void send_signal(int rank, int signal) const { ranks_[static_cast<size_t>(rank)]->send_signal(signal); }
  void say(int rank) const { write_number(ranks_[static_cast<size_t>(rank)]->to(), 0); }
  /// What the rank writes next; 0 where it writes nothing within 20 s.
  int hear(int rank) const {
    const int from = ranks_[static_cast<size_t>(rank)]->from();
    pollfd asked{from, POLLIN, 0};
    return ::poll(&asked, 1, 20'000) > 0 ? read_number(from) : 0;
  }

 private:
  std::vector<std::unique_ptr<ChildProcess>> ranks_;
  std::unique_ptr<StoreServer> server_;
};

std::vector<int> others_of(const Links& links) {
  std::vector<int> others;
  for (int other = 0; other < links.size(); ++other)
    if (other != links.rank()) others.push_back(other);
  return others;
}

/// All send to all, round after round, messages of several slots. False where one arrives as another.
bool exchange(Links& links, int round) {
  constexpr size_t bytes = 700'001;
  const Bytes out(bytes, static_cast<std::byte>(links.rank() * 50 + round));
  std::vector<Bytes> in(static_cast<size_t>(links.size()), Bytes(bytes));
  std::vector<std::unique_ptr<Transfer>> transfers;
  for (const int other : others_of(links)) {
    transfers.push_back(links.send(out, other, 1));
    transfers.push_back(links.receive(in[static_cast<size_t>(other)], other, 1));
  }
  for (auto& one : transfers) links.wait(*one);
  for (const int other : others_of(links))
    if (in[static_cast<size_t>(other)] != Bytes(bytes, static_cast<std::byte>(other * 50 + round)))
      return false;
  return true;
}

class SharedMemoryProcesses : public testing::TestWithParam<int> {};

TEST_P(SharedMemoryProcesses, SendToEachOther) {
  const Processes processes(GetParam(), [](Links& links, int, int to) {
    bool right = true;
    for (int round = 0; round < 20; ++round) right = exchange(links, round) && right;
    write_number(to, right ? done : wrong);
  });
  for (int rank = 0; rank < GetParam(); ++rank) EXPECT_EQ(processes.hear(rank), done);
}

TEST_P(SharedMemoryProcesses, NoticeThatOneIsKilled) {
  const int size = GetParam();
  const Processes processes(size, [](Links& links, int, int to) {
    try {
      for (int round = 0;; round = (round + 1) % 5)
        if (!exchange(links, round)) write_number(to, wrong);
    } catch (const LostPeer& error) {
      const bool named = std::string(error.what()).find("is gone") != std::string::npos;
      write_number(to, named ? lost : wrong);
    }
  });
  std::this_thread::sleep_for(100ms);
  processes.send_signal(size - 1, SIGKILL);
  const Stopwatch watch;
  for (int rank = 0; rank + 1 < size; ++rank) EXPECT_EQ(processes.hear(rank), lost) << rank;
  EXPECT_LT(watch.seconds(), 2.0);
}

INSTANTIATE_TEST_SUITE_P(Sizes, SharedMemoryProcesses, testing::Values(2, 4),
                         [](const auto& size) { return "Of" + std::to_string(size.param); });

/// What had left before is still there.
TEST(SharedMemoryProcesses, ReceiveWhatOneHasSentBeforeItWasKilled) {
  const Processes processes(2, [](Links& links, int from, int to) {
    Bytes memory(3000, std::byte{7});
    if (links.rank() == 1) {
      links.wait(*links.send(memory, 0, 1));
      write_number(to, done);
      std::this_thread::sleep_for(1h);
    }
    read_number(from);
    Bytes come(3000);
    links.wait(*links.receive(come, 1, 1));
    write_number(to, come == memory ? done : wrong);
    try {
      links.wait(*links.receive(come, 1, 1));
    } catch (const LostPeer& error) {
      write_number(to, std::string(error.what()) == "rank 1 is gone: its process has ended" ? lost : wrong);
    }
  });
  EXPECT_EQ(processes.hear(1), done);
  processes.send_signal(1, SIGKILL);
  processes.say(0);
  EXPECT_EQ(processes.hear(0), done);
  EXPECT_EQ(processes.hear(0), lost);
}

/// A process that is stopped lives; whoever waits for it does so until he is interrupted.
TEST(SharedMemoryProcesses, WaitForOneThatIsStoppedUntilInterrupted) {
  const Processes processes(2, [](Links& links, int from, int to) {
    if (links.rank() == 1) std::this_thread::sleep_for(1h);
    read_number(from);
    std::atomic<bool> over{false}, early{false};
    std::thread interrupter([&] {
      std::this_thread::sleep_for(300ms);
      early = over.load();
      links.interrupt();
    });
    Bytes memory(3000);
    const Stopwatch watch;
    int word = wrong;
    try {
      links.wait(*links.receive(memory, 1, 1));
    } catch (const LostPeer& error) {
      over = true;
      word = std::string(error.what()) == "rank 1 did not answer" && watch.seconds() < 2.0 ? lost : wrong;
    }
    interrupter.join();
    write_number(to, early ? wrong : word);
  });
  processes.send_signal(1, SIGSTOP);
  processes.say(0);
  EXPECT_EQ(processes.hear(0), lost);
}

void do_nothing(int) {}

TEST(SharedMemoryProcesses, AreNotDisturbedBySignals) {
  const Processes processes(2, [](Links& links, int, int to) {
    struct sigaction action {};
    action.sa_handler = &do_nothing;
    ::sigaction(SIGUSR1, &action, nullptr);
    write_number(to, done);
    bool right = true;
    for (int round = 0; round < 50; ++round) {
      right = exchange(links, round % 5) && right;
      if (links.rank() == 1) std::this_thread::sleep_for(2ms);
    }
    write_number(to, right ? done : wrong);
  });
  for (const int rank : {0, 1}) EXPECT_EQ(processes.hear(rank), done);
  std::atomic<bool> over{false};
  std::thread disturber([&] {
    while (!over) {
      processes.send_signal(0, SIGUSR1);
      std::this_thread::sleep_for(300us);
    }
  });
  for (const int rank : {0, 1}) EXPECT_EQ(processes.hear(rank), done);
  over = true;
  disturber.join();
}

/// Needs the right to become another user.
TEST(UnixSocket, SendsOtherUsersAway) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  const HostListener listener = listen_on_host();
  const ChildProcess other([&](int, int to) {
    if (::setresuid(65534, 65534, 65534) != 0) return;
    try {
      const FileDescriptor connection = connect_on_host(listener.name);
      write_number(to, wrong);
    } catch (const LostPeer&) {
      write_number(to, wrong);
    } catch (const Error&) {
      write_number(to, lost);
    }
  });
  EXPECT_EQ(read_number(other.from()), lost);
  EXPECT_TRUE(can_read(listener.socket, 5s));
  EXPECT_LT(accept_on_host(listener.socket).number(), 0);
}

}  // namespace
}  // namespace muster
