#include <grpcpp/ext/health_check_service_server_builder_option.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/support/server_interceptor.h>

#include <utility>
#include <vector>

#include "muster/base/error.h"
#include "muster/serve/grpc_service.h"
#include "muster/serve/training_server.h"

namespace muster::inline serve {

namespace {

using grpc::StatusCode;

constexpr int64_t head_room = 64 << 10;               // beside a part's bytes in its message
constexpr std::chrono::milliseconds last_words(500);  // for calls that are under way when a server ends

/// Counts malformed messages, which gRPC itself refuses before a handler sees them.
class MalformedCounter final : public grpc::experimental::Interceptor {
 public:
  explicit MalformedCounter(Coordinator& coordinator) : coordinator_(coordinator) {}
  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    using Points = grpc::experimental::InterceptionHookPoints;
    if (methods->QueryInterceptionHookPoint(Points::PRE_SEND_STATUS) &&
        methods->GetSendStatus().error_code() == StatusCode::INTERNAL)
      coordinator_.refuse("malformed");
    methods->Proceed();
  }

 private:
  Coordinator& coordinator_;
};

class MalformedCounters final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit MalformedCounters(Coordinator& coordinator) : coordinator_(coordinator) {}
  grpc::experimental::Interceptor* CreateServerInterceptor(grpc::experimental::ServerRpcInfo*) override {
    return new MalformedCounter(coordinator_);  // gRPC's to delete
  }

 private:
  Coordinator& coordinator_;
};

std::shared_ptr<grpc::ServerCredentials> listening_credentials(const Credentials& credentials) {
  if (credentials.certificate.empty()) return grpc::InsecureServerCredentials();
  // Clients without a certificate get past the handshake so that they can be told what is missing, and
  // counted.
  grpc::SslServerCredentialsOptions options(credentials.authority.empty()
                                                ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                                                : GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = credentials.authority;
  options.pem_key_cert_pairs.push_back({credentials.key, credentials.certificate});
  return grpc::SslServerCredentials(options);
}

}  // namespace

struct TrainingServer::Running {
  Running(Coordinator& coordinator, const VectorMessages& pushes, const VectorMessages& pulls,
          const TrainingServerOptions& options)
      : service(coordinator, pushes, pulls, options) {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    builder.AddListeningPort(options.address, listening_credentials(options.credentials), &port);
    builder.RegisterService(&service);
    limit(builder, options);
    std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
    interceptors.push_back(std::make_unique<MalformedCounters>(coordinator));
    builder.experimental().SetInterceptorCreators(std::move(interceptors));
    server = builder.BuildAndStart();
    if (!server || port == 0)
      throw Error("cannot listen on " + options.address +
                  ": the address is in use or not this machine's, or the certificate is not understood");
  }

  // Bounds the memory that unknown peers can make this process hold: one part for each, and a number of
  // peers.
  static void limit(grpc::ServerBuilder& builder, const TrainingServerOptions& options) {
    const auto members = static_cast<int>(options.most_members);
    const auto part = static_cast<int>(options.part_bytes);
    grpc::ResourceQuota quota("muster");
    quota.Resize(static_cast<size_t>(64 << 20) +
                 static_cast<size_t>(4 * members) * static_cast<size_t>(part));
    quota.SetMaxThreads(8 + 3 * members);
    builder.SetResourceQuota(quota);
    builder.SetMaxReceiveMessageSize(part + static_cast<int>(head_room));
    builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::NUM_CQS, 1);
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 16);
    builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 10000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 20000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, static_cast<int>(1000 * options.patience));
  }

  int port = 0;
  TrainingService service;
  std::unique_ptr<grpc::Server> server;
};

TrainingServer::TrainingServer(Coordinator& coordinator, const VectorMessages& pushes,
                               const VectorMessages& pulls, const TrainingServerOptions& options)
    : running_(std::make_unique<Running>(coordinator, pushes, pulls, options)) {}

TrainingServer::~TrainingServer() {
  running_->server->Shutdown(std::chrono::system_clock::now() + last_words);
  running_->server->Wait();
}

int TrainingServer::port() const { return running_->port; }

}  // namespace muster::inline serve
