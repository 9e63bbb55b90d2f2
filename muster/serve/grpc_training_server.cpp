#include <grpcpp/ext/health_check_service_server_builder_option.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/support/server_interceptor.h>

#include <mutex>
#include <optional>
#include <semaphore>
#include <utility>
#include <vector>

#include "muster/base/crc32c.h"
#include "muster/base/error.h"
#include "muster/base/same_secret.h"
#include "muster/serve/grpc_words.h"
#include "muster/serve/message_rooms.h"
#include "muster/serve/parts.h"
#include "muster/serve/patience_watch.h"
#include "muster/serve/training.grpc.pb.h"
#include "muster/serve/training_server.h"

namespace muster {

namespace {

using grpc::StatusCode;

constexpr int64_t head_room = 64 << 10;                  // beside a part's bytes in its message
constexpr std::chrono::milliseconds longest_wait(2000);  // of a pull that has nothing to give yet
constexpr std::chrono::milliseconds last_words(500);     // for calls that are under way when a server ends

/// Text of a peer, for people: short, and nothing that a terminal would obey.
std::string printable(const std::string& text) {
  std::string result;
  for (const char c : text.substr(0, 40)) result += c >= 32 && c < 127 ? c : '?';
  return result;
}

/// Counts what gRPC itself refuses before a handler sees it: messages that are none.
class MalformedCounter final : public grpc::experimental::Interceptor {
 public:
  explicit MalformedCounter(TrainingDesk& desk) : desk_(desk) {}
  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    using Points = grpc::experimental::InterceptionHookPoints;
    if (methods->QueryInterceptionHookPoint(Points::PRE_SEND_STATUS) &&
        methods->GetSendStatus().error_code() == StatusCode::INTERNAL)
      desk_.refuse("malformed");
    methods->Proceed();
  }

 private:
  TrainingDesk& desk_;
};

class MalformedCounters final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit MalformedCounters(TrainingDesk& desk) : desk_(desk) {}
  grpc::experimental::Interceptor* CreateServerInterceptor(grpc::experimental::ServerRpcInfo*) override {
    return new MalformedCounter(desk_);  // gRPC's to delete
  }

 private:
  TrainingDesk& desk_;
};

/// The message that a round's start is sent as, made once for all who start there.
struct EncodedStart {
  std::shared_ptr<const StartingPoint> of;
  Vector message;
  uint32_t checksum = 0;
};

class Service final : public wire::Training::Service {
 public:
  Service(TrainingDesk& desk, const VectorMessages& pushes, const VectorMessages& pulls,
          TrainingServerOptions options)
      : desk_(desk),
        pushes_(pushes),
        pulls_(pulls),
        options_(std::move(options)),
        rooms_(pushes, static_cast<size_t>(options_.most_pushes)),
        watch_(options_.patience),
        seats_(options_.most_pushes) {}

  grpc::Status Join(grpc::ServerContext* context, const wire::JoinRequest* request,
                    wire::JoinReply* reply) override {
    return answered(*context, [&] {
      if (const auto refusal = other_identity(request->identity())) return *refusal;
      const double seconds = plain(request->seconds_per_step());
      const MemberIdentity member =
          desk_.join(printable(request->name()), seconds > 0 ? std::optional(seconds) : std::nullopt,
                     request->has_previous() ? std::optional(who(request->previous())) : std::nullopt);
      reply->mutable_member()->set_worker(member.worker);
      reply->mutable_member()->set_session(member.session);
      reply->set_elements(pushes_.elements());
      reply->set_part_bytes(options_.part_bytes);
      reply->set_beat_seconds(options_.beat_seconds);
      return grpc::Status::OK;
    });
  }

  grpc::Status Pull(grpc::ServerContext* context, const wire::PullRequest* request,
                    grpc::ServerWriter<wire::PullPart>* writer) override {
    return answered(*context, [&] {
      const MemberIdentity member = who(request->member());
      const GivenRound given = desk_.next_round(member, std::chrono::steady_clock::now() + longest_wait);
      PatienceWatch::Guard guard(watch_, [context] { context->TryCancel(); });
      wire::PullPart part;
      fill(*part.mutable_head(), given);
      if (given.answer != GivenRound::Answer::round) {
        writer->Write(part);
        return grpc::Status::OK;
      }
      const auto encoded = encode(given);
      part.mutable_head()->set_bytes(encoded->message.bytes());
      part.mutable_head()->set_checksum(encoded->checksum);
      part.mutable_head()->set_part_bytes(options_.part_bytes);
      bool flows = writer->Write(part);
      PartsSender sender(bytes_of(encoded->message), options_.part_bytes);
      for (auto next = sender.next(); flows && !next.empty(); next = sender.next()) {
        guard.progress();
        part.mutable_data()->assign(next.data(), next.size());
        flows = writer->Write(part);
      }
      if (guard.gave_up()) desk_.refuse("reads_nothing");
      if (!flows) return grpc::Status(StatusCode::CANCELLED, "what was sent was not read");
      desk_.fetched(member, given.assignment.sequence, pulls_.bytes());
      return grpc::Status::OK;
    });
  }

  grpc::Status Push(grpc::ServerContext* context, grpc::ServerReader<wire::PushPart>* reader,
                    wire::PushReply* reply) override {
    return answered(*context, [&] {
      std::optional<PatienceWatch::Guard> guard(std::in_place, watch_, [context] { context->TryCancel(); });
      wire::PushPart part;
      if (!reader->Read(&part) || !part.has_head()) return malformed("a contribution begins with its head");
      const wire::PushHead head = part.head();
      const MemberIdentity member = who(head.member());
      Contribution contribution = contribution_of(head);
      if (const auto early = desk_.judge_early(member, contribution)) {
        fill(*reply, *early);
        return grpc::Status::OK;
      }
      if (static_cast<int64_t>(head.bytes()) != pushes_.bytes()) {
        desk_.refuse("wrong_size");
        return grpc::Status(StatusCode::INVALID_ARGUMENT, "a contribution to this run has " +
                                                              std::to_string(pushes_.bytes()) +
                                                              " bytes, not " + std::to_string(head.bytes()));
      }
      const Seat seat(seats_, options_.patience / 2);
      if (!seat.taken()) return busy();
      guard->progress();
      const Vector message = rooms_.take();
      if (const auto refusal = receive(*reader, *guard, head, message)) return *refusal;
      guard.reset();  // from here on it is this side that takes its time
      contribution.pseudo_gradient = pushes_.decode(message);
      fill(*reply, desk_.hand_in(member, std::move(contribution), pushes_.bytes()));
      return grpc::Status::OK;
    });
  }

  grpc::Status Beat(grpc::ServerContext* context, const wire::BeatRequest* request,
                    wire::BeatReply* reply) override {
    return answered(*context, [&] {
      const auto heard = desk_.beat(who(request->member()), request->steps_done());
      reply->set_known(heard.known);
      reply->set_finished(heard.finished);
      return grpc::Status::OK;
    });
  }

  grpc::Status Leave(grpc::ServerContext* context, const wire::LeaveRequest* request,
                     wire::LeaveReply*) override {
    return answered(*context, [&] {
      desk_.leave(who(request->member()));
      return grpc::Status::OK;
    });
  }

  grpc::Status Status(grpc::ServerContext* context, const wire::StatusRequest*,
                      wire::StatusReply* reply) override {
    return answered(*context, [&] {
      fill(*reply, desk_.status());
      return grpc::Status::OK;
    });
  }

  grpc::Status Configuration(grpc::ServerContext* context, const wire::ConfigurationRequest*,
                             wire::ConfigurationReply* reply) override {
    return answered(*context, [&] {
      reply->set_toml(options_.configuration);
      return grpc::Status::OK;
    });
  }

 private:
  using Refusal = std::optional<grpc::Status>;
  using Reader = grpc::ServerReader<wire::PushPart>;

  /// A place for one contribution's memory.
  class Seat {
   public:
    Seat(std::counting_semaphore<>& seats, double seconds)
        : seats_(seats),
          taken_(seats.try_acquire_for(std::chrono::milliseconds(static_cast<int64_t>(1000 * seconds)))) {}
    ~Seat() {
      if (taken_) seats_.release();
    }
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;
    bool taken() const { return taken_; }

   private:
    std::counting_semaphore<>& seats_;
    bool taken_;
  };

  /// What every call has in common: who may, and what becomes of errors.
  template <class Body>
  grpc::Status answered(const grpc::ServerContext& context, Body body) {
    try {
      if (const auto refusal = stranger(context)) return *refusal;
      return body();
    } catch (const FileError& problem) {  // the disk's; the server is about to end
      return {StatusCode::UNAVAILABLE, problem.what()};
    } catch (const DataError& problem) {  // perhaps damaged on its way: it may be sent again
      desk_.refuse("malformed");
      return {StatusCode::DATA_LOSS, problem.what()};
    } catch (const Error& problem) {
      return {StatusCode::RESOURCE_EXHAUSTED, problem.what()};
    }
  }

  Refusal stranger(const grpc::ServerContext& context) {
    if (!options_.doors.authority.empty() && !context.auth_context()->IsPeerAuthenticated()) {
      desk_.refuse("no_certificate");
      return grpc::Status(StatusCode::UNAUTHENTICATED,
                          "it asks for a client certificate; give serve.certificate and serve.key");
    }
    if (options_.doors.token.empty()) return std::nullopt;
    const auto said = context.client_metadata().find("authorization");
    const bool right =
        said != context.client_metadata().end() &&
        same_secret(std::string(said->second.data(), said->second.size()), "Bearer " + options_.doors.token);
    if (right) return std::nullopt;
    desk_.refuse("wrong_token");
    return grpc::Status(StatusCode::UNAUTHENTICATED, "it asks for its token; give serve.token_file");
  }

  Refusal other_identity(const std::string& text) {
    std::optional<std::string> difference = "it sent no identity";
    try {
      difference = first_difference(options_.identity, identity_from_text(text));
    } catch (const Error& problem) {
      difference = problem.what();
    }
    if (!difference) return std::nullopt;
    desk_.refuse("other_configuration");
    return grpc::Status(StatusCode::FAILED_PRECONDITION, "this worker does not fit: " + *difference);
  }

  grpc::Status malformed(const std::string& why) {
    desk_.refuse("malformed");
    return {StatusCode::INVALID_ARGUMENT, why};
  }

  grpc::Status busy() {
    desk_.refuse("busy");
    return {StatusCode::RESOURCE_EXHAUSTED,
            "as many contributions as it can hold are on their way; try again"};
  }

  Refusal receive(Reader& reader, PatienceWatch::Guard& guard, const wire::PushHead& head,
                  const Vector& message) {
    PartsReceiver receiver(static_cast<char*>(message.host()), pushes_.bytes(), options_.part_bytes);
    wire::PushPart part;
    while (!receiver.complete()) {
      if (!reader.Read(&part)) break;
      guard.progress();
      receiver.take(part.data());
    }
    if (guard.gave_up()) {
      desk_.refuse("sends_nothing");
      return grpc::Status(StatusCode::CANCELLED, "nothing came any more");
    }
    if (!receiver.complete()) {
      desk_.refuse("broken_off");
      return grpc::Status(StatusCode::CANCELLED, "the contribution broke off");
    }
    receiver.finish(head.checksum());
    return std::nullopt;
  }

  std::shared_ptr<const EncodedStart> encode(const GivenRound& given) {
    const std::lock_guard lock(encoding_);
    if (encoded_ && encoded_->of == given.start) return encoded_;
    const RandomKey key{0, Purpose::quantisation, 0, static_cast<uint64_t>(given.assignment.version)};
    auto fresh = std::make_shared<EncodedStart>();
    fresh->of = given.start;
    fresh->message = pulls_.encode(given.start->vector, key);
    fresh->checksum = crc32c(bytes_of(fresh->message));
    encoded_ = std::move(fresh);
    return encoded_;
  }

  TrainingDesk& desk_;
  const VectorMessages& pushes_;
  const VectorMessages& pulls_;
  TrainingServerOptions options_;
  MessageRooms rooms_;
  PatienceWatch watch_;
  std::counting_semaphore<> seats_;
  std::mutex encoding_;
  std::shared_ptr<const EncodedStart> encoded_;
};

std::shared_ptr<grpc::ServerCredentials> credentials(const Doors& doors) {
  if (doors.certificate.empty()) return grpc::InsecureServerCredentials();
  // Clients without a certificate get past the handshake so that they can be told what is missing, and
  // counted.
  grpc::SslServerCredentialsOptions options(doors.authority.empty()
                                                ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                                                : GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = doors.authority;
  options.pem_key_cert_pairs.push_back({doors.key, doors.certificate});
  return grpc::SslServerCredentials(options);
}

}  // namespace

struct TrainingServer::Running {
  Running(TrainingDesk& desk, const VectorMessages& pushes, const VectorMessages& pulls,
          const TrainingServerOptions& options)
      : service(desk, pushes, pulls, options) {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    builder.AddListeningPort(options.address, credentials(options.doors), &port);
    builder.RegisterService(&service);
    limit(builder, options);
    std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
    interceptors.push_back(std::make_unique<MalformedCounters>(desk));
    builder.experimental().SetInterceptorCreators(std::move(interceptors));
    server = builder.BuildAndStart();
    if (!server || port == 0)
      throw Error("cannot listen on " + options.address +
                  ": the address is in use or not this machine's, or the certificate is not understood");
  }

  // A part at a time from each peer, and so many peers: what strangers can make this process hold is bounded.
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
  Service service;
  std::unique_ptr<grpc::Server> server;
};

TrainingServer::TrainingServer(TrainingDesk& desk, const VectorMessages& pushes, const VectorMessages& pulls,
                               const TrainingServerOptions& options)
    : running_(std::make_unique<Running>(desk, pushes, pulls, options)) {}

TrainingServer::~TrainingServer() {
  running_->server->Shutdown(std::chrono::system_clock::now() + last_words);
  running_->server->Wait();
}

int TrainingServer::port() const { return running_->port; }

}  // namespace muster
