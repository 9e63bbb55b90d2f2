#pragma once

#include <cstddef>

#include "muster/links/bell.h"
#include "muster/links/lane.h"
#include "muster/links/shared_memory.h"

namespace muster {

/// How the lanes between so many ranks are cut: large enough for speed where the ranks are few, and all lanes
/// together at most 64 MiB where they are many.
LaneShape lane_shape_of(int ranks);

/// The memory that the ranks of one host share: a bell for each, a lane from each to each.
class HostSegment {
 public:
  /// How many bytes it takes.
  static size_t bytes_for(int ranks, const LaneShape& shape);
  /// REQUIRES: memory of bytes_for(ranks, shape), all zero when the first of them comes.
  HostSegment(SharedMemory memory, int ranks, const LaneShape& shape);

  const LaneShape& shape() const { return shape_; }
  Bell& bell(int rank) const;
  Lane lane(int from, int to) const;
  /// Takes the pages that this rank writes to from the system, after which the memory's descriptor is closed.
  /// Throws Error where there is too little memory.
  void take_pages_of(int rank);

 private:
  SharedMemory memory_;
  int ranks_;
  LaneShape shape_;
};

}  // namespace muster
