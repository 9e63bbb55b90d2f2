#include "muster/links/lane.h"

namespace muster::inline links {

std::optional<int> LaneWriter::free_slot() const {
  for (int slot = 0; slot < lane_.shape.slots; ++slot)
    if (lane_.lines[slot].number.load(std::memory_order_acquire) == 0) return slot;
  return std::nullopt;
}

void LaneWriter::publish(int which, const LanePiece& piece) {
  lane_.lines[which].piece = piece;
  lane_.lines[which].number.store(++written_, std::memory_order_release);
}

std::optional<LaneReader::Found> LaneReader::next() {
  for (int slot = 0; slot < lane_.shape.slots; ++slot)
    if (lane_.lines[slot].number.load(std::memory_order_acquire) == read_ + 1) {
      ++read_;
      ++held_;
      return Found{slot, lane_.lines[slot].piece};
    }
  return std::nullopt;
}

void LaneReader::release(int which) {
  --held_;
  lane_.lines[which].number.store(0, std::memory_order_release);
}

}  // namespace muster::inline links
