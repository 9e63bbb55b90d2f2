#pragma once

#include <memory>
#include <string>
#include <vector>

#include "muster/links/host_segment.h"
#include "muster/links/incoming_messages.h"
#include "muster/links/outgoing_messages.h"

namespace muster::inline links {

/// All messages between one rank and the others of its host. Transfers keep it alive.
class HostTraffic {
 public:
  HostTraffic(HostSegment segment, int rank, int size);

  OutgoingMessages& to(int peer) { return *outgoing_[static_cast<size_t>(peer)]; }
  IncomingMessages& from(int peer) { return *incoming_[static_cast<size_t>(peer)]; }
  Bell& bell(int rank) const { return segment_.bell(rank); }
  size_t slot_bytes() const { return segment_.shape().slot_bytes; }

  /// Moves all that can be moved, for peer `first` first. True where anything was.
  bool advance(int first);
  bool advance_with(int peer);
  /// Frees a slot for every sender that cannot go on otherwise. True where any was freed.
  bool make_room();

 private:
  HostSegment segment_;
  int rank_, size_;
  std::vector<std::unique_ptr<OutgoingMessages>> outgoing_;  // by rank; none for the own one
  std::vector<std::unique_ptr<IncomingMessages>> incoming_;
};

}  // namespace muster::inline links
