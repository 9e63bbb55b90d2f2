#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <vector>

#include "muster/comm/local_mean_kernel.h"
#include "muster/comm/sliced_mean.h"
#include "muster/links/shared_memory_links.h"
#include "muster/links/thread_links.h"
#include "tests/support/memory_store.h"

namespace muster {
namespace {

using Group = std::vector<std::unique_ptr<Links>>;

/// All ranks in this process.
Group shared_memory(int size, const std::optional<LaneShape>& shape = std::nullopt) {
  test::MemoryStore store;
  std::vector<std::future<std::unique_ptr<Links>>> coming;
  for (int rank = 0; rank < size; ++rank)
    coming.push_back(std::async(std::launch::async, [&, rank] {
      return connect_shared_memory_links(store, "group/", rank, size, {}, shape);
    }));
  Group group;
  for (auto& one : coming) group.push_back(one.get());
  return group;
}

template <class T>
T element(int64_t i, int rank) {
  return static_cast<T>((i * 7 + rank * 13) % 101) * static_cast<T>(0.01);
}

template <class T>
Vector filled(int64_t size, int rank) {
  Vector vector = flat_vector(size, ElementTypeOf<T>::value);
  for (int64_t i = 0; i < size; ++i) vector.data<T>()[i] = element<T>(i, rank);
  return vector;
}

template <class T>
bool is_serial_mean(const Vector& mean, int size) {
  for (int64_t i = 0; i < mean.size(); ++i) {
    T sum = element<T>(i, 0);
    for (int rank = 1; rank < size; ++rank) sum += element<T>(i, rank);
    if (mean.data<T>()[i] != sum / static_cast<T>(size)) return false;
  }
  return true;
}

/// Means of three vectors, one after the other, the second in place. True where each has the serial bits on
/// every rank.
template <class T>
bool right_means(Group group, const std::vector<int64_t>& lengths, int64_t slice_bytes) {
  const int size = static_cast<int>(group.size());
  std::vector<std::future<bool>> ranks;
  for (int rank = 0; rank < size; ++rank)
    ranks.push_back(std::async(std::launch::async, [&, rank] {
      SlicedMean mean_of(*group[static_cast<size_t>(rank)], slice_bytes);
      bool right = true;
      int tag = 0;
      for (const int64_t length : lengths)
        for (const bool in_place : {false, true}) {
          const Vector vector = filled<T>(length, rank);
          const Vector mean = in_place ? vector : flat_vector(length, ElementTypeOf<T>::value);
          mean_of.run(vector, mean, tag += 2);
          right = right && is_serial_mean<T>(mean, size);
        }
      return right;
    }));
  bool right = true;
  for (auto& rank : ranks) right = rank.get() && right;
  return right;
}

const std::vector<int64_t> lengths = {1500, 2'500'003, 70'001};

TEST(SlicedMean, HasTheSerialBitsOverSharedMemory) {
  for (const int size : {2, 3}) {
    EXPECT_TRUE(right_means<float>(shared_memory(size), lengths, 4 << 20)) << size;
    EXPECT_TRUE(right_means<double>(shared_memory(size), lengths, 4 << 20)) << size;
  }
}

TEST(SlicedMean, HasTheSerialBitsInSmallSlotsAndSlices) {
  constexpr LaneShape little{.slot_bytes = 16 << 10, .slots = 2};
  EXPECT_TRUE(right_means<float>(shared_memory(2, little), lengths, 4 << 20));
  EXPECT_TRUE(right_means<float>(shared_memory(3, little), lengths, 100'000));
}

/// Links that show messages and have no room for those to be sent.
TEST(SlicedMean, HasTheSerialBitsBetweenThreads) {
  EXPECT_TRUE(right_means<float>(make_thread_links(2), lengths, 4 << 20));
  EXPECT_TRUE(right_means<double>(make_thread_links(3), lengths, 1 << 20));
}

template <class T>
void expect_streamed(int64_t begin, int64_t size) {
  const Vector a = filled<T>(size + 8, 0), b = filled<T>(size + 8, 1), c = filled<T>(size + 8, 2);
  const Vector one = filled<T>(size + 8, 3), other = filled<T>(size + 8, 3), wanted = filled<T>(size + 8, 3);
  std::vector<T*> vectors = {a.data<T>() + begin, b.data<T>() + begin, c.data<T>() + begin};
  const std::vector<T*> targets = {one.data<T>() + begin, other.data<T>()};
  kernel::MeanSlice<T> work{};
  work.vectors = vectors.data();
  work.count = 3;
  work.mean = wanted.data<T>() + begin;
  kernel::mean_slice(work, 0, size, nullptr);
  kernel::stream_mean(vectors.data(), 3, targets.data(), 2, size);
  EXPECT_TRUE(same_bits(one, wanted)) << begin << ", " << size;
  EXPECT_TRUE(same_bits(other.part(0, size), wanted.part(begin, size))) << begin << ", " << size;
}

TEST(StreamMean, HasTheBitsOfMeanSliceAndTouchesNothingElse) {
  for (const int64_t begin : {0, 1, 2, 4})
    for (const int64_t size : {0, 1, 63, 64, 1000}) {
      expect_streamed<float>(begin, size);
      expect_streamed<double>(begin, size);
    }
}

}  // namespace
}  // namespace muster
