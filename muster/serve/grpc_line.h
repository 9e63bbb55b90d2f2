#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "muster/serve/doors.h"

namespace muster {

// What both kinds of client share. Only for sources named grpc_*.cpp.

/// A channel that tries again soon, whatever gRPC's own habits.
std::shared_ptr<grpc::Channel> open_channel(const std::string& address, const Doors& doors);

/// Says the token, and when the call is given up.
void prepare(grpc::ClientContext& context, const Doors& doors);
void set_deadline(grpc::ClientContext& context, double seconds);

/// Throws LostPeer for what may pass, Error for a refusal, also where TLS cannot come about (tls_probe.h);
/// nothing where `status` is fine.
void require_ok(const grpc::Status& status, const std::string& address, const Doors& doors);

}  // namespace muster
