#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "muster/base/error.h"
#include "muster/links/host_memory_key.h"
#include "muster/links/host_segment.h"

namespace muster {
namespace {

TEST(HostSegment, TakesAtMost64MiBAHost) {
  size_t before = SIZE_MAX;
  for (const int ranks : {2, 3, 4, 8, 16, 32, 64, 100}) {
    const LaneShape shape = lane_shape_of(ranks);
    EXPECT_LE(shape.slot_bytes, before);
    EXPECT_GE(shape.slots, 2);
    EXPECT_EQ(shape.slot_bytes % 64, 0U);
    // Beside the slots: their lines and the bells, and what is rounded up to pages.
    EXPECT_LE(HostSegment::bytes_for(ranks, shape), size_t{70} << 20) << ranks;
    before = shape.slot_bytes;
  }
}

TEST(HostSegment, LanesAndBellsDoNotOverlap) {
  const int ranks = 4;
  const LaneShape shape{.slot_bytes = 192, .slots = 3};
  const size_t bytes = HostSegment::bytes_for(ranks, shape);
  SharedMemory memory = SharedMemory::create(bytes);
  const std::byte* const begin = memory.data();
  std::vector<std::pair<const std::byte*, size_t>> parts;
  HostSegment segment(std::move(memory), ranks, shape);
  for (int from = 0; from < ranks; ++from) {
    parts.emplace_back(reinterpret_cast<const std::byte*>(&segment.bell(from)), sizeof(Bell));
    for (int to = 0; to < ranks; ++to) {
      if (to == from) continue;
      const Lane lane = segment.lane(from, to);
      parts.emplace_back(reinterpret_cast<const std::byte*>(lane.lines), 3 * sizeof(SlotLine));
      parts.emplace_back(lane.slot(0), 3 * shape.slot_bytes);
      EXPECT_EQ(lane.slot(2) - lane.slot(0), 2 * 192);
    }
  }
  std::sort(parts.begin(), parts.end());
  EXPECT_GE(parts.front().first, begin);
  EXPECT_LE(parts.back().first + parts.back().second, begin + bytes);
  for (size_t i = 1; i < parts.size(); ++i)
    EXPECT_LE(parts[i - 1].first + parts[i - 1].second, parts[i].first) << i;
}

TEST(SharedMemory, IsTheSameBehindItsDescriptorAndCannotBeShortened) {
  SharedMemory memory = SharedMemory::create(10'000);
  memory.take_pages(0, 10'000);
  SharedMemory again = SharedMemory::adopt(FileDescriptor(::dup(memory.descriptor())), 10'000);
  memory.data()[9999] = std::byte{8};
  EXPECT_EQ(again.data()[9999], std::byte{8});
  EXPECT_NE(::ftruncate(memory.descriptor(), 5), 0);
  EXPECT_THROW(SharedMemory::adopt(FileDescriptor(::dup(memory.descriptor())), 20'000), Error);
}

TEST(SharedMemory, RefusesWhatIsNotSealed) {
  EXPECT_THROW(SharedMemory::adopt(FileDescriptor(::memfd_create("other", MFD_CLOEXEC)), 10), Error);
  EXPECT_THROW(SharedMemory::adopt(FileDescriptor(::dup(2)), 10), Error);
}

TEST(HostMemoryKey, IsTheSameForEverybodyHere) {
  const std::string key = host_memory_key();
  EXPECT_NE(key, "");
  EXPECT_EQ(key.find('\n'), std::string::npos);
  EXPECT_TRUE(same_host_memory({key, host_memory_key()}));
  EXPECT_FALSE(same_host_memory({key, key + "0"}));
  EXPECT_FALSE(same_host_memory({"", ""}));
  EXPECT_FALSE(same_host_memory({}));
}

}  // namespace
}  // namespace muster
