#pragma once

#include "muster/base/error.h"

namespace muster::inline rendezvous {

/// The host answers, and nobody listens at that port.
class NobodyListens : public LostPeer {
 public:
  using LostPeer::LostPeer;
};

}  // namespace muster::inline rendezvous
