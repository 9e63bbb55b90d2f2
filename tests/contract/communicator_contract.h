#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "muster/base/error.h"
#include "muster/base/random.h"
#include "muster/comm/communicator.h"
#include "muster/flat/arithmetic.h"
#include "muster/flat/vector.h"

/// The contract of every Communicator, Muster's or a user's own. Ranks are threads here. Needs no test
/// framework:
///
///     for (const auto& broken : muster::contract::check_communicator(make)) ADD_FAILURE() << broken;
///
/// Checked for groups of the sizes that `make` can give:
///   - a mean has the same bits on every rank, and those of the serial sum in rank order divided by the size
///   (where the maker says that it does not add in this order: these but for rounding);
///   - exchange and gather bring part j of rank i where it belongs, parts of different length included;
///   - several operations may be under way at once; broadcast brings the root's vector to every rank;
///   - where a peer leaves, or takes no part, the others throw LostPeer in time, and their vectors are as
///   they were;
///   - vectors of different length are an Error on every rank.
namespace muster::contract {

struct GroupMaker {
  /// All ranks of a new group of this size.
  std::function<std::vector<std::unique_ptr<Communicator>>(int size)> make;
  std::vector<int> sizes = {1, 2, 3, 5};
  bool serial_bits = true;  ///< means have the bits of the serial sum
};

using Group = std::vector<std::unique_ptr<Communicator>>;
using OnRank = std::function<void(std::unique_ptr<Communicator>&)>;

/// Runs `body` on every rank in a thread of its own. An exception of it is a broken promise.
class Ranks {
 public:
  Ranks(Group group, std::vector<std::string>& broken, bool serial_bits = true)
      : group_(std::move(group)), broken_(broken), serial_bits_(serial_bits) {}

  void run(const OnRank& body) {
    std::vector<std::thread> threads;
    for (size_t rank = 0; rank < group_.size(); ++rank)
      threads.emplace_back([&, rank] {
        try {
          body(group_[rank]);
        } catch (const std::exception& failure) {
          expect(false, "rank " + std::to_string(rank) + " throws: " + failure.what());
        }
      });
    for (std::thread& thread : threads) thread.join();
  }

  void expect(bool holds, const std::string& otherwise) {
    if (holds) return;
    const std::lock_guard lock(mutex_);
    broken_.push_back("group of " + std::to_string(group_.size()) + ": " + otherwise);
  }

  /// Is this mean the serial one, as far as the group promises that?
  bool is_serial(const Vector& mean, const Vector& serial) const {
    if (serial_bits_) return same_bits(mean, serial);
    return mean.type() == ElementType::float64 ? is_near<double>(mean, serial, 1e-15)
                                               : is_near<float>(mean, serial, 1e-6);
  }

  /// True when `body` throws an Expected.
  template <class Expected>
  static bool throws(const std::function<void()>& body) {
    try {
      body();
    } catch (const Expected&) {
      return true;
    }
    return false;
  }

 private:
  /// No element is off by more than `tolerance` times the largest magnitude.
  template <class T>
  static bool is_near(const Vector& mean, const Vector& serial, double tolerance) {
    if (!same_form(mean, serial)) return false;
    const T* const found = mean.data<T>();
    const T* const wanted = serial.data<T>();
    double largest = 0;
    for (int64_t i = 0; i < serial.size(); ++i) largest = std::max<double>(largest, std::abs(wanted[i]));
    for (int64_t i = 0; i < serial.size(); ++i)
      if (!(std::abs(double{found[i]} - double{wanted[i]}) <= tolerance * largest)) return false;
    return true;
  }

  Group group_;
  std::vector<std::string>& broken_;
  bool serial_bits_;
  std::mutex mutex_;
};

inline Deadline soon() { return deadline_in(std::chrono::seconds(20)); }

/// `size` times one value.
template <class T>
Vector filled(int64_t size, T value) {
  Vector vector = uninitialised_vector(size, element_type_of<T>);
  std::fill_n(vector.data<T>(), size, value);
  return vector;
}

/// Rank `rank`'s vector number `which`.
inline Vector rank_vector(int rank, uint64_t which, int64_t size, ElementType type) {
  Vector drawn = flat_vector(size, ElementType::float64);
  RandomStream stream({.seed = 3, .purpose = Purpose::test, .a = static_cast<uint64_t>(rank), .b = which});
  for (int64_t i = 0; i < size; ++i) drawn.data<double>()[i] = stream.normal();
  return type == ElementType::float64 ? drawn : as_float32(drawn);
}

inline Vector serial_mean(int ranks, uint64_t which, int64_t size, ElementType type) {
  Vector sum = rank_vector(0, which, size, type);
  for (int rank = 1; rank < ranks; ++rank) add(sum, rank_vector(rank, which, size, type));
  divide(sum, ranks);
  return sum;
}

inline void check_means(Ranks& ranks) {
  ranks.run([&](std::unique_ptr<Communicator>& group) {
    uint64_t which = 0;
    for (const ElementType type : {ElementType::float32, ElementType::float64})
      for (const int64_t size : {0, 1, 5, 4099, 100'000}) {
        Vector vector = rank_vector(group->rank(), ++which, size, type);
        Vector mean = flat_vector(size, type);
        group->start_mean(vector, mean)->wait(soon());
        ranks.expect(ranks.is_serial(mean, serial_mean(group->size(), which, size, type)),
                     "the mean of " + std::to_string(size) + " elements is not the serial mean");
        std::vector<Vector> means(static_cast<size_t>(group->size()));
        for (Vector& theirs : means) theirs = flat_vector(size, type);
        group->start_gather(mean, means)->wait(soon());
        for (const Vector& theirs : means)
          ranks.expect(same_bits(theirs, mean), "a mean has other bits on another rank");
        ranks.expect(same_bits(vector, rank_vector(group->rank(), which, size, type)),
                     "a mean beside its vector changes the vector");
        group->start_mean(vector, vector)->wait(soon());
        ranks.expect(same_bits(vector, mean), "a mean in the vector's own place is another one");
      }
  });
}

inline void check_exchange(Ranks& ranks) {
  const auto length = [](int from, int to) { return 3 + from * 5 + to; };
  const auto mark = [](int from, int to) { return static_cast<uint8_t>(from * 30 + to); };
  ranks.run([&](std::unique_ptr<Communicator>& group) {
    const int size = group->size(), rank = group->rank();
    std::vector<Vector> parts, received;
    for (int other = 0; other < size; ++other) {
      parts.push_back(filled(length(rank, other), mark(rank, other)));
      received.push_back(flat_vector(length(other, rank), ElementType::byte));
    }
    group->start_exchange(parts, received)->wait(soon());
    for (int other = 0; other < size; ++other)
      ranks.expect(
          same_bits(received[static_cast<size_t>(other)], filled(length(other, rank), mark(other, rank))),
          "exchange: rank " + std::to_string(rank) + " misses the part of rank " + std::to_string(other));
  });
}

inline void check_gather_and_broadcast(Ranks& ranks) {
  ranks.run([&](std::unique_ptr<Communicator>& group) {
    const int size = group->size();
    std::vector<Vector> received;
    for (int other = 0; other < size; ++other) received.push_back(flat_vector(other + 2, ElementType::int64));
    group->start_gather(filled(group->rank() + 2, int64_t{group->rank()} + 40), received)->wait(soon());
    for (int other = 0; other < size; ++other)
      ranks.expect(same_bits(received[static_cast<size_t>(other)], filled(other + 2, int64_t{other} + 40)),
                   "gather: the part of rank " + std::to_string(other) + " is wrong");
    for (int root = 0; root < size; ++root) {
      Vector vector = rank_vector(group->rank(), 77, 1001, ElementType::float32);
      group->broadcast(vector, root);
      ranks.expect(same_bits(vector, rank_vector(root, 77, 1001, ElementType::float32)),
                   "broadcast: not the vector of root " + std::to_string(root));
    }
    Vector vector = flat_vector(3);
    ranks.expect(Ranks::throws<Error>([&] { group->broadcast(vector, size); }),
                 "broadcast takes a root that is no rank");
  });
}

inline void check_several_under_way(Ranks& ranks) {
  ranks.run([&](std::unique_ptr<Communicator>& group) {
    std::vector<Vector> vectors;
    std::vector<std::unique_ptr<Pending>> pending;
    for (uint64_t which = 0; which < 8; ++which) {
      vectors.push_back(rank_vector(group->rank(), which, 2000, ElementType::float32));
      pending.push_back(group->start_mean(vectors.back(), vectors.back()));
    }
    for (size_t i = pending.size(); i-- > 0;) pending[i]->wait(soon());
    for (uint64_t which = 0; which < 8; ++which)
      ranks.expect(
          ranks.is_serial(vectors[which], serial_mean(group->size(), which, 2000, ElementType::float32)),
          "means under way at once mix");
  });
}

/// The last rank leaves instead of taking part.
inline void check_departure(Ranks& ranks) {
  ranks.run([&](std::unique_ptr<Communicator>& group) {
    const int rank = group->rank();
    Vector vector = rank_vector(rank, 1, 500, ElementType::float32);
    Vector mean = flat_vector(500);
    group->start_mean(vector, mean)->wait(soon());
    if (rank == group->size() - 1) return group.reset();
    const Vector before = vector.copy();
    const auto started = std::chrono::steady_clock::now();
    ranks.expect(Ranks::throws<LostPeer>([&] { group->start_mean(vector, mean)->wait(soon()); }),
                 "a peer that left is not LostPeer");
    ranks.expect(std::chrono::steady_clock::now() - started < std::chrono::seconds(10),
                 "a peer that left is noticed at the deadline only");
    ranks.expect(same_bits(vector, before), "a failed wait changes the vector");
    ranks.expect(Ranks::throws<LostPeer>([&] { group->start_mean(vector, mean)->wait(soon()); }),
                 "a group that has lost a peer works on");
    ranks.expect(Ranks::throws<LostPeer>([&] { group->broadcast(vector, 0); }),
                 "broadcast in a group that has lost a peer is not LostPeer");
  });
}

/// How long the one that misses a deadline stays away, and by when the others must have noticed. Sanitizers
/// slow everything down.
#ifdef MUSTER_SANITIZED
constexpr std::chrono::milliseconds away(4000), noticed_within(3500);
#else
constexpr std::chrono::milliseconds away(600), noticed_within(500);
#endif

/// The last rank is alive but takes no part.
inline void check_deadline(Ranks& ranks) {
  ranks.run([&](std::unique_ptr<Communicator>& group) {
    if (group->rank() == group->size() - 1) {
      std::this_thread::sleep_for(away);
      return;
    }
    Vector vector = rank_vector(group->rank(), 1, 500, ElementType::float64);
    Vector mean = flat_vector(500, ElementType::float64);
    const Vector before = vector.copy();
    const auto started = std::chrono::steady_clock::now();
    ranks.expect(Ranks::throws<LostPeer>([&] {
                   group->start_mean(vector, mean)->wait(deadline_in(std::chrono::milliseconds(100)));
                 }),
                 "a peer that misses the deadline is not LostPeer");
    ranks.expect(std::chrono::steady_clock::now() - started < noticed_within, "the deadline is not kept");
    ranks.expect(same_bits(vector, before), "a missed deadline changes the vector");
  });
}

inline void check_mismatch(Ranks& ranks) {
  ranks.run([&](std::unique_ptr<Communicator>& group) {
    const bool last = group->rank() == group->size() - 1;
    for (const bool other_type : {false, true}) {
      Vector vector = flat_vector(last && !other_type ? 11 : 10,
                                  last && other_type ? ElementType::float64 : ElementType::float32);
      fill(vector, group->rank() + 1);
      Vector mean = vector.copy();
      const Vector before = vector.copy();
      ranks.expect(Ranks::throws<Error>([&] { group->start_mean(vector, mean)->wait(soon()); }),
                   "vectors of different form are no Error on rank " + std::to_string(group->rank()));
      ranks.expect(same_bits(vector, before), "vectors of different form are changed");
    }
  });
}

/// The broken promises, one line each; none: the communicator keeps to the contract.
inline std::vector<std::string> check_communicator(const GroupMaker& maker) {
  std::vector<std::string> broken;
  for (const int size : maker.sizes) {
    const auto check = [&](void (*part)(Ranks&)) {
      Ranks ranks(maker.make(size), broken, maker.serial_bits);
      part(ranks);
    };
    for (const auto part : {check_means, check_exchange, check_gather_and_broadcast, check_several_under_way})
      check(part);
    if (size == 1) continue;
    for (const auto part : {check_departure, check_deadline, check_mismatch}) check(part);
  }
  return broken;
}

}  // namespace muster::contract
