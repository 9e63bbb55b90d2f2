#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "muster/flat/vector.h"
#include "muster/links/links.h"

namespace muster::inline comm {

/// mean <- (vectors[0] + vectors[1] + ...) / their number, element by element in this order.
void mean_in_order(const std::vector<const std::byte*>& vectors, const Vector& mean);

/// The mean of one large vector of every rank, in rank order. Rank r receives its part of every slice from
/// every rank, adds these in rank order, divides, and sends the part to all: in total 2 (N-1)/N of the vector
/// out and in, as much as a ring. Several slices are under way at once, so that sending, adding and sending
/// on overlap.
///
/// Where the links offer views of messages in their own memory, parts are added up from there and are no
/// larger than a view. The bits depend neither on that nor on the size of slices.
class SlicedMean {
 public:
  SlicedMean(Links& links, int64_t slice_bytes) : links_(links), slice_bytes_(slice_bytes) {}

  /// Parts travel with `tag`, their means with tag + 1. `mean` may be `vector`.
  void run(const Vector& vector, const Vector& mean, int tag);

 private:
  struct Slice;
  struct Cut;
  using Transfers = std::vector<std::unique_ptr<Transfer>>;

  Cut cut(const Vector& vector) const;
  Slice start(const Vector& vector, const Cut& cut, int64_t number, int tag);
  void receive_parts(Slice& slice, int tag);
  Transfers see_parts(Slice& slice, int64_t bytes, int tag);
  void finish(const Vector& vector, const Vector& mean, const Cut& cut, Slice& slice, int tag);
  bool make_in_links(Slice& slice, const Vector& mean, int tag);
  void reserve(const Vector& vector, const Cut& cut);
  void wait_all(Transfers& transfers);
  int peer(int distance) const { return (links_.rank() + distance) % links_.size(); }

  Links& links_;
  int64_t slice_bytes_;
  Vector scratch_;  // of slices under way, kept from mean to mean: new memory is slow at first
};

}  // namespace muster::inline comm
