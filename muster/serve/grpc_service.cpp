#include "muster/serve/grpc_service.h"

#include <chrono>
#include <utility>

#include "muster/base/error.h"
#include "muster/base/same_secret.h"
#include "muster/serve/grpc_words.h"
#include "muster/serve/parts.h"

namespace muster::inline serve {

namespace {

using grpc::StatusCode;

constexpr std::chrono::milliseconds longest_wait(2000);  // of a pull that has nothing to give yet

/// Text of a peer, for people: short, and without control characters.
std::string printable(const std::string& text) {
  std::string result;
  for (const char c : text.substr(0, 40)) result += c >= 32 && c < 127 ? c : '?';
  return result;
}

}  // namespace

TrainingService::TrainingService(Coordinator& coordinator, const VectorMessages& pushes,
                                 const VectorMessages& pulls, const TrainingServerOptions& options)
    : coordinator_(coordinator),
      pushes_(pushes),
      pulls_(pulls),
      options_(options),
      most_pushes_(options.most_pushes.value_or(usual_pushes(pushes.bytes(), options.most_members))),
      rooms_(pushes, static_cast<size_t>(most_pushes_)),
      watch_(options.patience),
      slots_(most_pushes_),
      starts_(pulls) {}

/// Common to all calls: checks the caller, and turns errors into a status.
template <class Body>
grpc::Status TrainingService::answered(const grpc::ServerContext& context, Body body) {
  try {
    if (const auto refusal = stranger(context)) return *refusal;
    return body();
  } catch (const FileError& problem) {  // the disk's; the server is about to end
    return {StatusCode::UNAVAILABLE, problem.what()};
  } catch (const DataError& problem) {  // perhaps damaged on its way: it may be sent again
    return refused("malformed", StatusCode::DATA_LOSS, problem.what());
  } catch (const Error& problem) {
    return {StatusCode::RESOURCE_EXHAUSTED, problem.what()};
  }
}

grpc::Status TrainingService::refused(const char* reason, StatusCode code, const std::string& why) {
  coordinator_.refuse(reason);
  return {code, why};
}

TrainingService::Refusal TrainingService::stranger(const grpc::ServerContext& context) {
  if (!options_.credentials.authority.empty() && !context.auth_context()->IsPeerAuthenticated())
    return refused("no_certificate", StatusCode::UNAUTHENTICATED,
                   "it asks for a client certificate; give serve.certificate and serve.key");
  if (options_.credentials.token.empty()) return std::nullopt;
  const auto said = context.client_metadata().find("authorization");
  const bool right = said != context.client_metadata().end() &&
                     same_secret(std::string(said->second.data(), said->second.size()),
                                 "Bearer " + options_.credentials.token);
  if (right) return std::nullopt;
  return refused("wrong_token", StatusCode::UNAUTHENTICATED, "it asks for its token; give serve.token_file");
}

TrainingService::Refusal TrainingService::other_identity(const std::string& text) {
  std::optional<std::string> difference = "it sent no identity";
  try {
    difference = first_difference(options_.identity, identity_from_text(text));
  } catch (const Error& problem) {
    difference = problem.what();
  }
  if (!difference) return std::nullopt;
  return refused("other_configuration", StatusCode::FAILED_PRECONDITION,
                 "this worker does not fit: " + *difference);
}

grpc::Status TrainingService::Join(grpc::ServerContext* context, const wire::JoinRequest* request,
                                   wire::JoinReply* reply) {
  return answered(*context, [&] { return join(*request, *reply); });
}

grpc::Status TrainingService::join(const wire::JoinRequest& request, wire::JoinReply& reply) {
  if (const auto refusal = other_identity(request.identity())) return *refusal;
  const double seconds = plain(request.seconds_per_step());
  const MemberIdentity member =
      coordinator_.join(printable(request.name()), seconds > 0 ? std::optional(seconds) : std::nullopt,
                        request.has_previous() ? std::optional(who(request.previous())) : std::nullopt);
  reply.mutable_member()->set_worker(member.worker);
  reply.mutable_member()->set_session(member.session);
  reply.set_elements(pushes_.elements());
  reply.set_part_bytes(options_.part_bytes);
  reply.set_beat_seconds(options_.beat_seconds);
  return grpc::Status::OK;
}

grpc::Status TrainingService::Pull(grpc::ServerContext* context, const wire::PullRequest* request,
                                   Writer* writer) {
  return answered(*context, [&] { return pull(*context, who(request->member()), *writer); });
}

grpc::Status TrainingService::pull(grpc::ServerContext& context, const MemberIdentity& member,
                                   Writer& writer) {
  const GivenRound given = coordinator_.next_round(member, std::chrono::steady_clock::now() + longest_wait);
  PatienceWatch::Guard guard(watch_, [&context] { context.TryCancel(); });
  wire::PullPart part;
  fill(*part.mutable_head(), given);
  if (given.answer != GivenRound::Answer::round) {
    writer.Write(part);
    return grpc::Status::OK;
  }
  const auto encoded = starts_.of(given);
  part.mutable_head()->set_bytes(encoded->message.bytes());
  part.mutable_head()->set_checksum(encoded->checksum);
  part.mutable_head()->set_part_bytes(options_.part_bytes);
  bool flows = writer.Write(part);
  PartsSender sender(bytes_of(encoded->message), options_.part_bytes);
  for (auto next = sender.next(); flows && !next.empty(); next = sender.next()) {
    guard.progress();
    part.mutable_data()->assign(next.data(), next.size());
    flows = writer.Write(part);
  }
  if (guard.gave_up()) coordinator_.refuse("reads_nothing");
  if (!flows) return {StatusCode::CANCELLED, "what was sent was not read"};
  coordinator_.fetched(member, given.assignment.sequence, pulls_.bytes());
  return grpc::Status::OK;
}

grpc::Status TrainingService::Beat(grpc::ServerContext* context, const wire::BeatRequest* request,
                                   wire::BeatReply* reply) {
  return answered(*context, [&] {
    const auto heard = coordinator_.beat(who(request->member()), request->steps_done());
    reply->set_known(heard.known);
    reply->set_finished(heard.finished);
    return grpc::Status::OK;
  });
}

grpc::Status TrainingService::Leave(grpc::ServerContext* context, const wire::LeaveRequest* request,
                                    wire::LeaveReply*) {
  return answered(*context, [&] {
    coordinator_.leave(who(request->member()));
    return grpc::Status::OK;
  });
}

grpc::Status TrainingService::Status(grpc::ServerContext* context, const wire::StatusRequest*,
                                     wire::StatusReply* reply) {
  return answered(*context, [&] {
    fill(*reply, coordinator_.status());
    return grpc::Status::OK;
  });
}

grpc::Status TrainingService::Configuration(grpc::ServerContext* context, const wire::ConfigurationRequest*,
                                            wire::ConfigurationReply* reply) {
  return answered(*context, [&] {
    reply->set_toml(options_.configuration);
    return grpc::Status::OK;
  });
}

grpc::Status TrainingService::Push(grpc::ServerContext* context, Reader* reader, wire::PushReply* reply) {
  return answered(*context, [&] { return push(*context, *reader, *reply); });
}

}  // namespace muster::inline serve
