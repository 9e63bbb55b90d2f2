#pragma once

#include "muster/asynchronous/server_event.h"
#include "muster/serve/coordinator.h"
#include "muster/serve/status.h"
#include "muster/serve/training.pb.h"

namespace muster::inline serve {

namespace wire = training::v1;

/// Converts between the types of the server's coordinator and the messages of the protocol.

/// A number from a peer that only informs: 0 where it is not finite or not above 0.
double plain(double value);
MemberIdentity who(const wire::Member& member);
/// All but its vector.
Contribution contribution_of(const wire::PushHead& head);
void fill(wire::PushReply& reply, const ContributionReply& answer);
void fill(wire::PullHead& head, const GivenRound& given);
void fill(wire::StatusReply& to, const ServerStatus& from);

}  // namespace muster::inline serve
