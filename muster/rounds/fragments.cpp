#include "muster/rounds/fragments.h"

#include <algorithm>
#include <string>

#include "muster/base/error.h"

namespace muster::inline rounds {

namespace {

/// Fills fragments one after the other with whole tensors, up to `room` elements each (a larger tensor is one
/// alone); begins a fragment earlier where the remaining tensors are needed to reach `count`.
std::vector<Fragment> fill(const Layout& layout, int64_t count, int64_t room) {
  std::vector<Fragment> fragments;
  auto tensors_left = static_cast<int64_t>(layout.pieces().size());
  for (const Piece& piece : layout.pieces()) {
    const int64_t to_come = count - static_cast<int64_t>(fragments.size());
    const bool fits = !fragments.empty() && fragments.back().size + piece.size <= room;
    if (fits && tensors_left > to_come)
      fragments.back().size += piece.size;
    else
      fragments.push_back({piece.offset, piece.size});
    --tensors_left;
  }
  return fragments;
}

}  // namespace

std::vector<Fragment> cut_into_fragments(const Layout& layout, int64_t count) {
  const auto tensors = static_cast<int64_t>(layout.pieces().size());
  if (count < 1 || count > tensors)
    throw OptionError("comm.fragments", std::to_string(count),
                      "the model has " + std::to_string(tensors) + " tensors; give at most that, 1 at least");
  int64_t room = 0;
  for (const Piece& piece : layout.pieces()) room = std::max(room, piece.size);
  int64_t enough = layout.size();
  while (room < enough) {
    const int64_t middle = room + (enough - room) / 2;
    if (static_cast<int64_t>(fill(layout, count, middle).size()) <= count)
      enough = middle;
    else
      room = middle + 1;
  }
  return fill(layout, count, room);
}

int64_t meeting_offset(int64_t fragment, int64_t count, int64_t steps) {
  return ((fragment + 1) * steps + count - 1) / count;
}

}  // namespace muster::inline rounds
