#include "muster/links/host_traffic.h"

#include <utility>

namespace muster::inline links {

HostTraffic::HostTraffic(HostSegment segment, int rank, int size)
    : segment_(std::move(segment)), rank_(rank), size_(size) {
  for (int peer = 0; peer < size; ++peer) {
    outgoing_.emplace_back();
    incoming_.emplace_back();
    if (peer == rank) continue;
    Bell& theirs = segment_.bell(peer);
    outgoing_.back() = std::make_unique<OutgoingMessages>(segment_.lane(rank, peer), theirs, peer);
    incoming_.back() = std::make_unique<IncomingMessages>(segment_.lane(peer, rank), theirs, peer);
  }
}

bool HostTraffic::advance(int first) {
  bool moved = advance_with(first);
  for (int peer = 0; peer < size_; ++peer)
    if (peer != rank_ && peer != first) moved = advance_with(peer) || moved;
  return moved;
}

bool HostTraffic::advance_with(int peer) {
  const bool sent = to(peer).advance();
  return from(peer).advance() || sent;
}

bool HostTraffic::make_room() {
  bool moved = false;
  for (int peer = 0; peer < size_; ++peer)
    if (peer != rank_) moved = from(peer).make_room() || moved;
  return moved;
}

}  // namespace muster::inline links
