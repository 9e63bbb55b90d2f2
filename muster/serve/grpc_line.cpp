#include "muster/serve/grpc_line.h"

#include <chrono>

#include "muster/base/error.h"
#include "muster/serve/tls_probe.h"

namespace muster::inline serve {

namespace {

constexpr int largest_message = 16 << 20;

std::shared_ptr<grpc::ChannelCredentials> channel_credentials(const Credentials& credentials) {
  if (credentials.authority.empty()) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = credentials.authority;
  options.pem_cert_chain = credentials.certificate;
  options.pem_private_key = credentials.key;
  return grpc::SslCredentials(options);
}

}  // namespace

std::shared_ptr<grpc::Channel> open_channel(const std::string& address, const Credentials& credentials) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(largest_message);
  return grpc::CreateCustomChannel(address, channel_credentials(credentials), arguments);
}

void prepare(grpc::ClientContext& context, const Credentials& credentials) {
  if (!credentials.token.empty()) context.AddMetadata("authorization", "Bearer " + credentials.token);
}

void set_deadline(grpc::ClientContext& context, double seconds) {
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::milliseconds(static_cast<int64_t>(1000 * seconds)));
}

void require_ok(const grpc::Status& status, const std::string& address, const Credentials& credentials) {
  if (status.ok()) return;
  constexpr double longest_probe = 3;  // seconds
  // gRPC calls whatever goes wrong with TLS "tcp handshaker shutdown".
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE ||
      status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED)
    if (const auto problem = tls_problem(address, credentials, longest_probe))
      throw Error("the server at " + address + ": " + *problem);
  const std::string what = "the server at " + address + ": " + status.error_message();
  switch (status.error_code()) {
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::FAILED_PRECONDITION:
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::UNIMPLEMENTED:
      throw Error(what);
    default:
      throw LostPeer(what);
  }
}

}  // namespace muster::inline serve
