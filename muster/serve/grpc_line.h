#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "muster/serve/credentials.h"

namespace muster::inline serve {

// What both kinds of client share. Only for sources named grpc_*.cpp.

/// A channel that reconnects sooner than gRPC does by default.
std::shared_ptr<grpc::Channel> open_channel(const std::string& address, const Credentials& credentials);

/// prepare() adds the token; set_deadline() limits the time of the call.
void prepare(grpc::ClientContext& context, const Credentials& credentials);
void set_deadline(grpc::ClientContext& context, double seconds);

/// Throws LostPeer for problems that may pass, Error for a refusal, also where TLS cannot be established
/// (tls_probe.h); does nothing where `status` is fine.
void require_ok(const grpc::Status& status, const std::string& address, const Credentials& credentials);

}  // namespace muster::inline serve
