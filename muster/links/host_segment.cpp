#include "muster/links/host_segment.h"

#include <algorithm>
#include <utility>

#include "muster/base/error.h"

namespace muster::inline links {

namespace {

constexpr size_t page = 4096;
constexpr size_t most_bytes = size_t{64} << 20;
constexpr int slots = 6;
constexpr size_t largest_slot = size_t{256} << 10;
constexpr size_t smallest_slot = size_t{1} << 10;

constexpr size_t round_up(size_t bytes) { return (bytes + page - 1) / page * page; }

/// Sizes of the parts in bytes, in the order in which they lie; each begins at a page.
size_t bytes_of_bells(int ranks) { return round_up(static_cast<size_t>(ranks) * sizeof(Bell)); }
size_t bytes_of_lines(int ranks, const LaneShape& shape) {
  const auto lanes = static_cast<size_t>(ranks) * static_cast<size_t>(ranks - 1);
  return round_up(lanes * static_cast<size_t>(shape.slots) * sizeof(SlotLine));
}
size_t bytes_of_one_lane(const LaneShape& shape) {
  return static_cast<size_t>(shape.slots) * shape.slot_bytes;
}
/// All lanes that one rank writes to.
size_t bytes_from_one_rank(int ranks, const LaneShape& shape) {
  return round_up(static_cast<size_t>(ranks - 1) * bytes_of_one_lane(shape));
}

}  // namespace

LaneShape lane_shape_of(int ranks) {
  const auto lanes = static_cast<size_t>(std::max(1, ranks * (ranks - 1)));
  size_t slot_bytes = largest_slot;
  while (slot_bytes > smallest_slot && lanes * slots * slot_bytes > most_bytes) slot_bytes /= 2;
  return {.slot_bytes = slot_bytes, .slots = slots};
}

size_t HostSegment::bytes_for(int ranks, const LaneShape& shape) {
  return bytes_of_bells(ranks) + bytes_of_lines(ranks, shape) +
         static_cast<size_t>(ranks) * bytes_from_one_rank(ranks, shape);
}

HostSegment::HostSegment(SharedMemory memory, int ranks, const LaneShape& shape)
    : memory_(std::move(memory)), ranks_(ranks), shape_(shape) {
  invariant(memory_.size() == bytes_for(ranks, shape), "a segment has the bytes of its parts");
  invariant(shape.slots >= 2 && shape.slot_bytes % 64 == 0 && shape.slot_bytes > 0,
            "a lane has two slots of whole lines");
}

Bell& HostSegment::bell(int rank) const { return reinterpret_cast<Bell*>(memory_.data())[rank]; }

Lane HostSegment::lane(int from, int to) const {
  const auto place = static_cast<size_t>(to > from ? to - 1 : to);
  const auto number = static_cast<size_t>(from) * static_cast<size_t>(ranks_ - 1) + place;
  auto* const lines = reinterpret_cast<SlotLine*>(memory_.data() + bytes_of_bells(ranks_));
  std::byte* const slots_begin = memory_.data() + bytes_of_bells(ranks_) + bytes_of_lines(ranks_, shape_);
  return {.lines = lines + number * static_cast<size_t>(shape_.slots),
          .bytes = slots_begin + static_cast<size_t>(from) * bytes_from_one_rank(ranks_, shape_) +
                   place * bytes_of_one_lane(shape_),
          .shape = shape_};
}

void HostSegment::take_pages_of(int rank) {
  const size_t common = bytes_of_bells(ranks_) + bytes_of_lines(ranks_, shape_);
  const size_t each = bytes_from_one_rank(ranks_, shape_);
  memory_.take_pages(0, common);
  if (each > 0) memory_.take_pages(common + static_cast<size_t>(rank) * each, each);
  memory_.close_descriptor();
}

}  // namespace muster::inline links
