#pragma once

#include <cstddef>

#include "muster/links/bell.h"
#include "muster/links/lane.h"
#include "muster/links/shared_memory.h"

namespace muster::inline links {

/// Slot size and number of slots of the lanes between so many ranks: large enough for speed with few ranks,
/// and at most 64 MiB for all lanes together with many.
LaneShape lane_shape_of(int ranks);

/// The memory that the ranks of one host share: a bell for each rank, a lane from each rank to each other.
class HostSegment {
 public:
  /// How many bytes it takes.
  static size_t bytes_for(int ranks, const LaneShape& shape);
  /// REQUIRES: memory of bytes_for(ranks, shape), all zero before the first rank uses it.
  HostSegment(SharedMemory memory, int ranks, const LaneShape& shape);

  const LaneShape& shape() const { return shape_; }
  Bell& bell(int rank) const;
  Lane lane(int from, int to) const;
  /// Allocates the pages that this rank writes to, then closes the memory's descriptor. Throws Error where
  /// there is too little memory.
  void take_pages_of(int rank);

 private:
  SharedMemory memory_;
  int ranks_;
  LaneShape shape_;
};

}  // namespace muster::inline links
