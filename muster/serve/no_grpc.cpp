#include "muster/base/error.h"
#include "muster/serve/training_client.h"
#include "muster/serve/training_server.h"

// In the place of grpc_training_server.cpp and grpc_training_client.cpp where gRPC was not there.
namespace muster::inline serve {

namespace {

[[noreturn]] void refuse() {
  throw Error(
      "this muster was built without gRPC: install libgrpc++-dev and protobuf-compiler-grpc, and build "
      "again");
}

}  // namespace

struct TrainingServer::Running {};
TrainingServer::TrainingServer(Coordinator&, const VectorMessages&, const VectorMessages&,
                               const TrainingServerOptions&) {
  refuse();
}
TrainingServer::~TrainingServer() = default;
int TrainingServer::port() const { return 0; }

struct TrainingClient::Line {};
TrainingClient::TrainingClient(const VectorMessages&, const VectorMessages&, const TrainingClientOptions&) {
  refuse();
}
TrainingClient::~TrainingClient() = default;
JoinedServer TrainingClient::join(const std::string&, const Identity&, std::optional<double>,
                                  const std::optional<MemberIdentity>&) {
  refuse();
}
PulledRound TrainingClient::pull(const MemberIdentity&) { refuse(); }
PushAnswer TrainingClient::push(const MemberIdentity&, const Contribution&, const Vector&, int64_t) {
  refuse();
}
Coordinator::Heard TrainingClient::beat(const MemberIdentity&, int64_t) { refuse(); }
void TrainingClient::leave(const MemberIdentity&) { refuse(); }

}  // namespace muster::inline serve
