#pragma once

#include <algorithm>
#include <barrier>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "muster/base/error.h"
#include "muster/base/random.h"
#include "muster/links/links.h"

/// The contract of all Links, Muster's or a user's own. Ranks are threads here. Needs no test framework:
///
///     for (const auto& broken : muster::contract::check_links(make)) ADD_FAILURE() << broken;
///
/// Checked for groups of the sizes that `make` can give:
///   - every rank reaches every other one, with messages of 0 bytes to several MiB; the memory of a message
///   that was sent may be reused after wait();
///   - messages with one peer and tag keep their order, different tags do not wait for each other;
///   - where each side first starts all it sends and receives and then waits, in whatever order, nothing
///   blocks, however many messages and bytes are under way;
///   - interrupt() by another thread ends the present wait and the later ones with LostPeer within a second;
///   waits_for() names the peer meanwhile;
///   - what a peer has sent, and waited for, before it is destroyed arrives;
///   - a peer that is destroyed, in the middle of a message too, is LostPeer on the others and no hang;
///   - a transfer that is destroyed while its message is under way leaves its memory alone from then on;
///   - receive_anywhere(), where there is any: what it shows stays as it is until the transfer is destroyed;
///   - a message that is written into the memory of room_for() arrives as any other, and in its order; room
///   that is not used disturbs nothing.
namespace muster::contract {

struct LinksMaker {
  /// All ranks of a new group of this size, at least 2.
  std::function<std::vector<std::unique_ptr<Links>>(int size)> make;
  std::vector<int> sizes = {2, 3, 4};
};

namespace link_parts {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Bytes = std::vector<std::byte>;

/// Sanitizers slow everything down.
#ifdef MUSTER_SANITIZED
constexpr milliseconds interrupted_within(4000), part_within(240'000);
#else
constexpr milliseconds interrupted_within(1000), part_within(60'000);
#endif

/// Long enough for a peer to have begun what it does next.
constexpr milliseconds a_moment(50);

constexpr size_t mebibyte = size_t{1} << 20;

/// A group whose ranks are run in threads. A part that hangs is interrupted and a broken promise.
class LinkedRanks {
 public:
  using OnRank = std::function<void(Links&)>;

  LinkedRanks(std::string part, std::vector<std::unique_ptr<Links>> group, std::vector<std::string>& broken)
      : part_(std::move(part)), together_(static_cast<std::ptrdiff_t>(group.size())), broken_(broken) {
    for (auto& links : group) group_.emplace_back(std::move(links));
  }

  int size() const { return static_cast<int>(group_.size()); }

  /// Runs `body` on every rank in a thread of its own. An exception of it is a broken promise.
  void run(const OnRank& body) {
    std::thread guard([this] { interrupt_when_late(); });
    std::vector<std::thread> threads;
    for (size_t rank = 0; rank < group_.size(); ++rank)
      threads.emplace_back([&, rank] {
        try {
          body(*group_[rank]);
        } catch (const std::exception& failure) {
          expect(false, "rank " + std::to_string(rank) + " throws: " + failure.what());
          together_.arrive_and_drop();
        }
      });
    for (std::thread& thread : threads) thread.join();
    {
      const std::lock_guard lock(mutex_);
      finished_ = true;
    }
    ended_.notify_all();
    guard.join();
  }

  void expect(bool holds, const std::string& otherwise) {
    if (holds) return;
    const std::lock_guard lock(mutex_);
    broken_.push_back("group of " + std::to_string(group_.size()) + ", " + part_ + ": " + otherwise);
  }

  /// A barrier of all ranks, not over the links.
  void meet() { together_.arrive_and_wait(); }

  /// Destroys the links of this rank; its body must not use them any more.
  void leave(int rank) {
    std::shared_ptr<Links> links;
    const std::lock_guard lock(mutex_);
    links.swap(group_[static_cast<size_t>(rank)]);
  }

  /// True when `body` throws LostPeer; false when it returns. Another exception is a broken promise, too.
  bool throws_lost(const std::function<void()>& body) {
    try {
      body();
    } catch (const LostPeer&) {
      return true;
    } catch (const std::exception& other) {
      expect(false, std::string("not LostPeer but: ") + other.what());
    }
    return false;
  }

 private:
  void interrupt_when_late() {
    std::unique_lock lock(mutex_);
    if (ended_.wait_for(lock, part_within, [this] { return finished_; })) return;
    broken_.push_back("group of " + std::to_string(group_.size()) + ", " + part_ + ": hangs");
    for (const auto& links : group_)
      if (links) links->interrupt();
  }

  std::string part_;
  std::vector<std::shared_ptr<Links>> group_;
  std::barrier<> together_;
  std::vector<std::string>& broken_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool finished_ = false;
};

/// The bytes of message number `number` from one rank to another.
inline Bytes message(int from, int to, int number, size_t length) {
  Bytes bytes(length);
  const uint64_t seed = static_cast<uint64_t>(from) * 89 + static_cast<uint64_t>(to) * 31 +
                        static_cast<uint64_t>(number) * 7 + length;
  for (size_t at = 0; at < length; at += sizeof(uint64_t)) {
    const uint64_t word = (seed * 65'537 + at) * 0x9e3779b97f4a7c15ULL;
    std::memcpy(bytes.data() + at, &word, std::min(sizeof word, length - at));
  }
  return bytes;
}

inline bool same(std::span<const std::byte> found, std::span<const std::byte> wanted) {
  return found.size() == wanted.size() &&
         (found.empty() || std::memcmp(found.data(), wanted.data(), found.size()) == 0);
}

inline std::vector<int> peers_of(const Links& links) {
  std::vector<int> peers;
  for (int other = 0; other < links.size(); ++other)
    if (other != links.rank()) peers.push_back(other);
  return peers;
}

/// One message under way, its memory and what a receiver expects in it.
struct UnderWay {
  Bytes memory, expected;
  std::unique_ptr<Transfer> transfer;

  static std::unique_ptr<UnderWay> sent(Links& links, int to, int tag, int number, size_t length) {
    auto one = std::make_unique<UnderWay>();
    one->memory = message(links.rank(), to, number, length);
    one->transfer = links.send(one->memory, to, tag);
    return one;
  }
  static std::unique_ptr<UnderWay> received(Links& links, int from, int tag, int number, size_t length) {
    auto one = std::make_unique<UnderWay>();
    one->memory.assign(length, std::byte{0xee});
    one->expected = message(from, links.rank(), number, length);
    one->transfer = links.receive(one->memory, from, tag);
    return one;
  }
};

inline void check_names(LinkedRanks& ranks) {
  std::mutex mutex;
  std::vector<int> seen;
  ranks.run([&](Links& links) {
    ranks.expect(links.size() == ranks.size(), "size() is not that of the group");
    ranks.expect(!links.waits_for(), "waits_for() names a rank although nobody waits");
    for (int rank = 0; rank < links.size(); ++rank)
      ranks.expect(!links.name_of(rank).empty(), "a rank has no name");
    const std::lock_guard lock(mutex);
    seen.push_back(links.rank());
  });
  std::ranges::sort(seen);
  for (int rank = 0; rank < ranks.size(); ++rank)
    ranks.expect(static_cast<int>(seen.size()) > rank && seen[static_cast<size_t>(rank)] == rank,
                 "rank " + std::to_string(rank) + " is missing");
}

/// All with all; the same memory is sent from twice, with other bytes.
inline void check_lengths(LinkedRanks& ranks) {
  ranks.run([&](Links& links) {
    const std::vector<int> peers = peers_of(links);
    for (const size_t length :
         {size_t{0}, size_t{1}, size_t{7}, size_t{4096}, size_t{65'537}, 3 * mebibyte + 5}) {
      std::vector<std::unique_ptr<UnderWay>> incoming, outgoing;
      for (const int number : {0, 1})
        for (const int peer : peers) incoming.push_back(UnderWay::received(links, peer, 5, number, length));
      for (const int peer : peers) outgoing.push_back(UnderWay::sent(links, peer, 5, 0, length));
      for (auto& one : outgoing) links.wait(*one->transfer);
      for (size_t i = 0; i < peers.size(); ++i) {
        UnderWay& again = *outgoing[i];
        again.memory = message(links.rank(), peers[i], 1, length);
        again.transfer = links.send(again.memory, peers[i], 5);
      }
      for (auto& one : incoming) {
        links.wait(*one->transfer);
        ranks.expect(same(one->memory, one->expected), std::to_string(length) + " bytes arrive as others");
        ranks.expect(
            one->transfer->bytes().data() == one->memory.data() && one->transfer->bytes().size() == length,
            "bytes() is not the memory that receive() was given");
      }
      for (auto& one : outgoing) links.wait(*one->transfer);
    }
  });
}

/// Many short messages with equal tag, received by some before they are sent and by others afterwards,
/// awaited from the last to the first.
inline void check_order(LinkedRanks& ranks) {
  constexpr int messages = 100;
  ranks.run([&](Links& links) {
    std::vector<std::unique_ptr<UnderWay>> all;
    const auto receive_all = [&] {
      for (int number = 0; number < messages; ++number)
        for (const int peer : peers_of(links)) all.push_back(UnderWay::received(links, peer, 0, number, 24));
    };
    if (links.rank() % 2 == 0) receive_all();
    for (int number = 0; number < messages; ++number)
      for (const int peer : peers_of(links)) all.push_back(UnderWay::sent(links, peer, 0, number, 24));
    if (links.rank() % 2 == 1) receive_all();
    for (size_t i = all.size(); i-- > 0;) links.wait(*all[i]->transfer);
    for (const auto& one : all)
      ranks.expect(one->expected.empty() || same(one->memory, one->expected),
                   "messages with equal tag change their order");
  });
}

/// The receiver asks for the second tag alone, until it has it; the sender waits for either first.
inline void check_tags(LinkedRanks& ranks) {
  ranks.run([&](Links& links) {
    for (const bool first_first : {true, false})
      for (const size_t length : {size_t{64}, mebibyte}) {
        std::vector<std::unique_ptr<UnderWay>> ones, twos;
        for (const int peer : peers_of(links)) {
          ones.push_back(UnderWay::sent(links, peer, 1, 1, length));
          twos.push_back(UnderWay::sent(links, peer, 2, 2, length));
        }
        for (const int tag : {2, 1})
          for (const int peer : peers_of(links)) {
            const auto one = UnderWay::received(links, peer, tag, tag, length);
            links.wait(*one->transfer);
            ranks.expect(same(one->memory, one->expected), "a message arrives under another tag");
          }
        for (auto& one : first_first ? ones : twos) links.wait(*one->transfer);
        for (auto& one : first_first ? twos : ones) links.wait(*one->transfer);
      }
  });
}

/// More bytes than any buffer between the ranks holds, both ways at once.
inline void check_many_under_way(LinkedRanks& ranks) {
  constexpr int messages = 48;
  constexpr size_t length = 200'001;
  ranks.run([&](Links& links) {
    std::vector<std::unique_ptr<UnderWay>> outgoing, incoming;
    for (const int peer : peers_of(links))
      for (int number = 0; number < messages; ++number)
        outgoing.push_back(UnderWay::sent(links, peer, number % 3, number, length));
    for (const int peer : peers_of(links))
      for (int number = 0; number < messages; ++number)
        incoming.push_back(UnderWay::received(links, peer, number % 3, number, length));
    if (links.rank() % 2 == 0) std::swap(outgoing, incoming);
    for (auto& one : outgoing) links.wait(*one->transfer);
    for (auto& one : incoming) links.wait(*one->transfer);
    for (const auto* list : {&outgoing, &incoming})
      for (const auto& one : *list)
        ranks.expect(one->expected.empty() || same(one->memory, one->expected),
                     "of many messages under way one arrives as another");
  });
}

/// Message number `number` of what one rank sends to another in a random walk.
struct Planned {
  int tag, number;
  size_t length;
};

inline std::vector<Planned> planned(int from, int to, uint64_t round) {
  RandomStream draw(
      {.seed = 11, .purpose = Purpose::test, .a = static_cast<uint64_t>(from * 64 + to), .b = round});
  std::vector<Planned> plan;
  const auto messages = 1 + draw.below(30);
  for (uint64_t number = 0; number < messages; ++number) {
    const uint64_t kind = draw.below(10);
    const uint64_t length = kind == 0 ? 0 : kind == 1 ? draw.below(400'000) : draw.below(3000);
    plan.push_back({.tag = static_cast<int>(draw.below(4)),
                    .number = static_cast<int>(number),
                    .length = static_cast<size_t>(length)});
  }
  return plan;
}

/// Every rank starts and awaits what was planned in an order of its own; messages with one peer and tag in
/// the order they were planned in.
inline void check_walk(LinkedRanks& ranks) {
  struct Step {
    int peer;
    bool receives;
    Planned what;
  };
  ranks.run([&](Links& links) {
    const int rank = links.rank();
    for (uint64_t round = 0; round < 12; ++round) {
      RandomStream draw({.seed = 12, .purpose = Purpose::test, .a = static_cast<uint64_t>(rank), .b = round});
      // Lists of which each keeps its order; the next step is the head of any of them.
      std::vector<std::vector<Step>> lists;
      for (const int peer : peers_of(links))
        for (const bool receives : {true, false})
          for (int tag = 0; tag < 4; ++tag) {
            std::vector<Step> list;
            for (const Planned& one : planned(receives ? peer : rank, receives ? rank : peer, round))
              if (one.tag == tag) list.push_back({peer, receives, one});
            std::ranges::reverse(list);
            if (!list.empty()) lists.push_back(std::move(list));
          }
      std::vector<std::unique_ptr<UnderWay>> all;
      while (!lists.empty()) {
        const size_t which = static_cast<size_t>(draw.below(lists.size()));
        const Step step = lists[which].back();
        lists[which].pop_back();
        if (lists[which].empty()) lists.erase(lists.begin() + static_cast<std::ptrdiff_t>(which));
        const auto start = step.receives ? &UnderWay::received : &UnderWay::sent;
        all.push_back(start(links, step.peer, step.what.tag, step.what.number, step.what.length));
      }
      while (!all.empty()) {
        const size_t which = static_cast<size_t>(draw.below(all.size()));
        const auto one = std::move(all[which]);
        all.erase(all.begin() + static_cast<std::ptrdiff_t>(which));
        links.wait(*one->transfer);
        ranks.expect(one->expected.empty() || same(one->memory, one->expected),
                     "in a random order a message arrives as another");
      }
    }
  });
}

/// Rank 0 waits for rank 1, which never sends.
inline void check_interrupt(LinkedRanks& ranks) {
  ranks.run([&](Links& links) {
    if (links.rank() == 0) {
      Bytes memory(100), other(100);
      const auto transfer = links.receive(memory, 1, 1);
      const auto later = links.receive(other, 1, 2);
      steady_clock::time_point interrupted;
      std::thread interrupter([&] {
        std::this_thread::sleep_for(2 * a_moment);
        ranks.expect(links.waits_for() == 1, "waits_for() does not name the rank that is waited for");
        interrupted = steady_clock::now();
        links.interrupt();
      });
      const bool lost = ranks.throws_lost([&] { links.wait(*transfer); });
      const auto ended = steady_clock::now();
      interrupter.join();
      ranks.expect(lost, "a wait that is interrupted is not LostPeer");
      ranks.expect(ended - interrupted < interrupted_within, "interrupt() is noticed too late");
      ranks.expect(!links.waits_for(), "waits_for() names a rank after the wait");
      ranks.expect(ranks.throws_lost([&] { links.wait(*later); }),
                   "a wait after interrupt() is not LostPeer");
      ranks.expect(steady_clock::now() - ended < interrupted_within, "a wait after interrupt() lasts");
    }
    ranks.meet();
  });
}

/// What a rank has sent, and waited for, before it leaves arrives nevertheless.
inline void check_farewell(LinkedRanks& ranks) {
  ranks.run([&](Links& links) {
    const int last = links.size() - 1;
    std::vector<std::unique_ptr<UnderWay>> all;
    for (const int peer : links.rank() == last ? std::vector<int>{} : std::vector<int>{last})
      all.push_back(UnderWay::received(links, peer, 1, 1, mebibyte));
    ranks.meet();
    if (links.rank() == last) {
      for (const int peer : peers_of(links)) all.push_back(UnderWay::sent(links, peer, 1, 1, mebibyte));
      for (auto& one : all) links.wait(*one->transfer);
      all.clear();
      return ranks.leave(last);
    }
    for (auto& one : all) {
      links.wait(*one->transfer);
      ranks.expect(same(one->memory, one->expected), "the last message of one who leaves arrives as another");
    }
  });
}

/// The last rank leaves while the others wait for it; what they start afterwards fails as well.
inline void check_departure(LinkedRanks& ranks) {
  ranks.run([&](Links& links) {
    const int last = links.size() - 1;
    Bytes memory(1000), large(20 * mebibyte);
    const auto waited = links.rank() == last ? nullptr : links.receive(memory, last, 1);
    ranks.meet();
    if (links.rank() == last) {
      std::this_thread::sleep_for(a_moment);
      return ranks.leave(last);
    }
    ranks.expect(ranks.throws_lost([&] { links.wait(*waited); }), "a peer that leaves is not LostPeer");
    ranks.expect(ranks.throws_lost([&] { links.wait(*links.receive(memory, last, 2)); }),
                 "a message from a peer that has left is not LostPeer");
    ranks.expect(ranks.throws_lost([&] { links.wait(*links.send(large, last, 3)); }),
                 "a message to a peer that has left is not LostPeer");
  });
}

/// The last rank leaves in the middle of long messages from and to it.
inline void check_departure_amid(LinkedRanks& ranks) {
  ranks.run([&](Links& links) {
    const int last = links.size() - 1;
    const bool leaves = links.rank() == last;
    std::vector<std::unique_ptr<UnderWay>> incoming, outgoing;
    for (const int peer : leaves ? peers_of(links) : std::vector<int>{last}) {
      incoming.push_back(UnderWay::received(links, peer, 1, 1, 12 * mebibyte));
      outgoing.push_back(UnderWay::sent(links, peer, 1, 1, 12 * mebibyte));
    }
    ranks.meet();
    if (leaves) {
      std::this_thread::sleep_for(milliseconds(2));
      for (auto* list : {&incoming, &outgoing})
        for (auto& one : *list) one->transfer.reset();
      return ranks.leave(last);
    }
    // Unless the message had arrived before.
    const bool lost = ranks.throws_lost([&] { links.wait(*incoming[0]->transfer); });
    ranks.expect(lost || same(incoming[0]->memory, incoming[0]->expected),
                 "half a message of a peer that has left is a whole one");
    ranks.throws_lost([&] { links.wait(*outgoing[0]->transfer); });
  });
}

/// A transfer that is destroyed before or while its message is sent leaves its memory alone. Nothing is
/// promised about later messages with that peer.
inline void check_giving_up(LinkedRanks& ranks, bool amid) {
  const size_t length = amid ? 16 * mebibyte : 5000;
  const auto ours = static_cast<std::byte>(0x55);
  ranks.run([&](Links& links) {
    Bytes memory(links.rank() < 2 ? length : 0, std::byte{0});
    std::unique_ptr<Transfer> transfer;
    const auto send = [&] { ranks.throws_lost([&] { transfer = links.send(memory, 0, 1); }); };
    if (links.rank() == 0) transfer = links.receive(memory, 1, 1);
    if (links.rank() == 1 && amid) send();
    ranks.meet();
    std::this_thread::sleep_for(milliseconds(1));
    if (links.rank() == 0) {
      transfer.reset();
      std::ranges::fill(memory, ours);
    }
    ranks.meet();
    if (links.rank() == 1 && !amid) send();
    std::this_thread::sleep_for(a_moment);
    if (links.rank() == 0)
      ranks.expect(same(memory, Bytes(length, ours)), "a transfer that was destroyed writes to its memory");
    transfer.reset();
    Bytes().swap(memory);
    ranks.meet();
  });
}

inline void check_giving_up_before(LinkedRanks& ranks) { check_giving_up(ranks, false); }
inline void check_giving_up_amid(LinkedRanks& ranks) { check_giving_up(ranks, true); }

/// Every peer's message stays as it is while its view lives, although the sender goes on.
inline void check_views(LinkedRanks& ranks) {
  ranks.run([&](Links& links) {
    const size_t largest = links.largest_view();
    if (largest == 0) {
      ranks.expect(links.receive_anywhere(8, peers_of(links)[0], 1) == nullptr,
                   "receive_anywhere() gives a transfer, but largest_view() is 0");
      return;
    }
    int number = 0;
    for (const size_t length : {size_t{1}, largest / 3, largest, size_t{100}, largest, size_t{0}, largest}) {
      ++number;
      std::vector<std::unique_ptr<UnderWay>> outgoing;
      std::vector<std::unique_ptr<Transfer>> views;
      for (const int peer : peers_of(links)) {
        outgoing.push_back(UnderWay::sent(links, peer, 3, number, length));
        views.push_back(links.receive_anywhere(length, peer, 3));
      }
      for (const auto& view : views) links.wait(*view);
      for (const auto& one : outgoing) links.wait(*one->transfer);
      for (const auto& one : outgoing) std::ranges::fill(one->memory, std::byte{0x77});
      for (size_t i = 0; i < views.size(); ++i)
        ranks.expect(same(views[i]->bytes(), message(peers_of(links)[i], links.rank(), number, length)),
                     "a view of " + std::to_string(length) + " bytes shows others");
    }
  });
}

/// Of every three messages one is made in the links' room, where there is any, one elsewhere, and one
/// elsewhere although there was room.
inline void check_rooms(LinkedRanks& ranks) {
  constexpr int messages = 60;
  ranks.run([&](Links& links) {
    const size_t length = std::max<size_t>(1, std::min<size_t>(links.largest_view(), 3000));
    std::vector<std::unique_ptr<UnderWay>> all;
    for (int number = 0; number < messages; ++number)
      for (const int peer : peers_of(links))
        all.push_back(UnderWay::received(links, peer, 2, number, length));
    for (int number = 0; number < messages; ++number)
      for (const int peer : peers_of(links)) {
        const std::span<std::byte> room =
            number % 3 == 1 ? std::span<std::byte>() : links.room_for(length, peer);
        ranks.expect(room.empty() || room.size() == length, "room_for() gives another length");
        if (number % 3 == 2 || room.empty()) {
          all.push_back(UnderWay::sent(links, peer, 2, number, length));
          continue;
        }
        std::ranges::copy(message(links.rank(), peer, number, length), room.begin());
        links.wait(*links.send(room, peer, 2));
      }
    for (auto& one : all) {
      links.wait(*one->transfer);
      ranks.expect(one->expected.empty() || same(one->memory, one->expected),
                   "messages that are made in the links' room change");
    }
  });
}

}  // namespace link_parts

/// The broken promises, one line each; none: the links keep to the contract.
inline std::vector<std::string> check_links(const LinksMaker& maker) {
  using namespace link_parts;
  std::vector<std::string> broken;
  const std::pair<const char*, void (*)(LinkedRanks&)> parts[] = {
      {"names", check_names},
      {"lengths", check_lengths},
      {"order", check_order},
      {"tags", check_tags},
      {"many under way", check_many_under_way},
      {"random order", check_walk},
      {"views", check_views},
      {"rooms", check_rooms},
      {"interrupt", check_interrupt},
      {"farewell", check_farewell},
      {"departure", check_departure},
      {"departure amid a message", check_departure_amid},
      {"giving up before", check_giving_up_before},
      {"giving up amid", check_giving_up_amid},
  };
  for (const int size : maker.sizes)
    for (const auto& [name, part] : parts) {
      LinkedRanks ranks(name, maker.make(size), broken);
      part(ranks);
    }
  return broken;
}

}  // namespace muster::contract
