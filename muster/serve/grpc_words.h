#pragma once

#include "muster/asynchronous/server_event.h"
#include "muster/serve/coordinator.h"
#include "muster/serve/status.h"
#include "muster/serve/training.pb.h"

namespace muster {

namespace wire = training::v1;

/// What the server's coordinator says, in the protocol's words, and the other way round.

/// A number that only describes, as a peer says it: 0 where it is no number above 0.
double plain(double value);
MemberIdentity who(const wire::Member& member);
/// All but its vector.
Contribution contribution_of(const wire::PushHead& head);
void fill(wire::PushReply& reply, const HandedIn& answer);
void fill(wire::PullHead& head, const GivenRound& given);
void fill(wire::StatusReply& to, const ServerStatus& from);

}  // namespace muster
