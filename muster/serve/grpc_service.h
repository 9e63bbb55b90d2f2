#pragma once

#include <grpcpp/grpcpp.h>

#include <optional>
#include <string>

#include "muster/serve/coordinator.h"
#include "muster/serve/encoded_starts.h"
#include "muster/serve/message_rooms.h"
#include "muster/serve/patience_watch.h"
#include "muster/serve/push_slots.h"
#include "muster/serve/training.grpc.pb.h"
#include "muster/serve/training_server.h"

namespace muster::inline serve {

namespace wire = training::v1;

/// The calls of training.proto, answered by a Coordinator. Each checks its caller, and what it was sent
/// before it allocates memory for it; the call of a peer that makes no progress is ended.
class TrainingService final : public wire::Training::Service {
 public:
  /// Coordinator and messages are borrowed.
  TrainingService(Coordinator& coordinator, const VectorMessages& pushes, const VectorMessages& pulls,
                  const TrainingServerOptions& options);

  grpc::Status Join(grpc::ServerContext* context, const wire::JoinRequest* request,
                    wire::JoinReply* reply) override;
  grpc::Status Pull(grpc::ServerContext* context, const wire::PullRequest* request,
                    grpc::ServerWriter<wire::PullPart>* writer) override;
  grpc::Status Push(grpc::ServerContext* context, grpc::ServerReader<wire::PushPart>* reader,
                    wire::PushReply* reply) override;
  grpc::Status Beat(grpc::ServerContext* context, const wire::BeatRequest* request,
                    wire::BeatReply* reply) override;
  grpc::Status Leave(grpc::ServerContext* context, const wire::LeaveRequest* request,
                     wire::LeaveReply* reply) override;
  grpc::Status Status(grpc::ServerContext* context, const wire::StatusRequest* request,
                      wire::StatusReply* reply) override;
  grpc::Status Configuration(grpc::ServerContext* context, const wire::ConfigurationRequest* request,
                             wire::ConfigurationReply* reply) override;

 private:
  using Refusal = std::optional<grpc::Status>;
  using Reader = grpc::ServerReader<wire::PushPart>;
  using Writer = grpc::ServerWriter<wire::PullPart>;

  template <class Body>
  grpc::Status answered(const grpc::ServerContext& context, Body body);
  grpc::Status refused(const char* reason, grpc::StatusCode code, const std::string& why);
  Refusal stranger(const grpc::ServerContext& context);
  Refusal other_identity(const std::string& text);
  grpc::Status join(const wire::JoinRequest& request, wire::JoinReply& reply);
  grpc::Status pull(grpc::ServerContext& context, const MemberIdentity& member, Writer& writer);
  grpc::Status push(grpc::ServerContext& context, Reader& reader, wire::PushReply& reply);
  Refusal receive(Reader& reader, PatienceWatch::Guard& guard, const wire::PushHead& head,
                  const Vector& message);

  Coordinator& coordinator_;
  const VectorMessages& pushes_;
  const VectorMessages& pulls_;
  const TrainingServerOptions options_;
  const int64_t most_pushes_;
  MessageRooms rooms_;
  PatienceWatch watch_;
  PushSlots slots_;
  EncodedStarts starts_;
};

}  // namespace muster::inline serve
