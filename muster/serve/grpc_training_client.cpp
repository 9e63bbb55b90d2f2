#include <algorithm>
#include <optional>
#include <utility>

#include "muster/base/crc32c.h"
#include "muster/base/error.h"
#include "muster/serve/grpc_line.h"
#include "muster/serve/message_rooms.h"
#include "muster/serve/parts.h"
#include "muster/serve/patience_watch.h"
#include "muster/serve/training.grpc.pb.h"
#include "muster/serve/training_client.h"

namespace muster::inline serve {

namespace {

namespace wire = training::v1;

constexpr double longest_beat = 5;  // seconds; nothing is to wait long for a heartbeat

void fill(wire::Member& member, const MemberIdentity& who) {
  member.set_worker(who.worker);
  member.set_session(who.session);
}

Assignment assignment_of(const wire::Round& round, int64_t worker) {
  return {.worker = worker,
          .shard = round.shard(),
          .local_steps = round.local_steps(),
          .first_step = round.first_step(),
          .version = round.version(),
          .sequence = round.sequence()};
}

wire::PushHead head_of(const MemberIdentity& who, const Contribution& contribution, const Vector& message) {
  wire::PushHead head;
  fill(*head.mutable_member(), who);
  head.mutable_round()->set_shard(contribution.shard);
  head.mutable_round()->set_version(contribution.version);
  head.mutable_round()->set_sequence(contribution.sequence);
  head.set_local_steps(contribution.local_steps);
  head.set_tokens(contribution.tokens);
  head.set_loss(contribution.loss);
  head.set_seconds(contribution.compute_seconds);
  head.set_learning_rate(contribution.learning_rate);
  head.set_bytes(message.bytes());
  head.set_checksum(crc32c(bytes_of(message)));
  return head;
}

PushAnswer::Kind kind_of(wire::PushReply::Verdict verdict) {
  switch (verdict) {
    case wire::PushReply::COUNTED:
      return PushAnswer::Kind::counted;
    case wire::PushReply::DUPLICATE:
      return PushAnswer::Kind::duplicate;
    case wire::PushReply::TOO_LATE:
      return PushAnswer::Kind::too_late;
    case wire::PushReply::DROPPED:
      return PushAnswer::Kind::dropped;
    default:
      throw LostPeer("the server answered a contribution with nothing that is known here");
  }
}

GivenRound::Answer answer_of(wire::PullHead::Answer answer) {
  switch (answer) {
    case wire::PullHead::WAIT:
      return GivenRound::Answer::wait;
    case wire::PullHead::FINISHED:
      return GivenRound::Answer::finished;
    case wire::PullHead::ROUND:
      return GivenRound::Answer::round;
    default:
      return GivenRound::Answer::unknown;
  }
}

void cut_off(grpc::ClientContext& context, grpc::ClientReader<wire::PullPart>& reader) {
  context.TryCancel();
  reader.Finish();
}

}  // namespace

struct TrainingClient::Line {
  Line(const VectorMessages& push_messages, const VectorMessages& pull_messages,
       const TrainingClientOptions& all)
      : pushes(push_messages),
        pulls(pull_messages),
        options(all),
        rooms(pull_messages, 2),
        watch(all.patience),
        stub(wire::Training::NewStub(open_channel(all.address, all.credentials))) {}

  /// A call with one message each way.
  template <class Request, class Reply>
  Reply ask(grpc::Status (wire::Training::Stub::*call)(grpc::ClientContext*, const Request&, Reply*),
            const Request& request, double longest = 1e6) {
    grpc::ClientContext context;
    prepare(context, options.credentials);
    set_deadline(context, std::min(longest, options.patience));
    Reply reply;
    require_ok((stub.get()->*call)(&context, request, &reply), options.address, options.credentials);
    return reply;
  }

  const VectorMessages& pushes;
  const VectorMessages& pulls;
  TrainingClientOptions options;
  MessageRooms rooms;  // the round under way holds one
  PatienceWatch watch;
  std::unique_ptr<wire::Training::Stub> stub;
};

TrainingClient::TrainingClient(const VectorMessages& pushes, const VectorMessages& pulls,
                               const TrainingClientOptions& options)
    : line_(std::make_unique<Line>(pushes, pulls, options)) {}
TrainingClient::~TrainingClient() = default;

JoinedServer TrainingClient::join(const std::string& name, const Identity& identity,
                                  std::optional<double> seconds_per_step,
                                  const std::optional<MemberIdentity>& previous) {
  wire::JoinRequest request;
  request.set_name(name);
  request.set_identity(to_text(identity));
  request.set_seconds_per_step(seconds_per_step.value_or(0));
  if (previous) fill(*request.mutable_previous(), *previous);
  const wire::JoinReply reply = line_->ask(&wire::Training::Stub::Join, request);
  return {{reply.member().worker(), reply.member().session()}, reply.part_bytes(), reply.beat_seconds()};
}

PulledRound TrainingClient::pull(const MemberIdentity& who) {
  wire::PullRequest request;
  fill(*request.mutable_member(), who);
  grpc::ClientContext context;
  prepare(context, line_->options.credentials);
  PatienceWatch::Guard guard(line_->watch, [&context] { context.TryCancel(); });
  const auto reader = line_->stub->Pull(&context, request);
  wire::PullPart part;
  std::optional<wire::PullHead> head;
  std::optional<PartsReceiver> receiver;
  Vector message;
  try {
    while (reader->Read(&part)) {
      guard.progress();
      if (receiver) {
        receiver->take(part.data());
      } else if (!head) {
        head = part.head();
        if (head->answer() != wire::PullHead::ROUND) continue;
        if (static_cast<int64_t>(head->bytes()) != line_->pulls.bytes())
          throw Error("the server sends parameters of another size than this worker's model has");
        message = line_->rooms.take();
        receiver.emplace(static_cast<char*>(message.host()), line_->pulls.bytes(), head->part_bytes());
      }
    }
    if (receiver && receiver->complete()) receiver->finish(head->checksum());
  } catch (const DataError& damage) {
    cut_off(context, *reader);
    throw LostPeer(damage.what());
  } catch (...) {
    cut_off(context, *reader);
    throw;
  }
  require_ok(reader->Finish(), line_->options.address, line_->options.credentials);
  if (!head || (receiver && !receiver->complete()))
    throw LostPeer("the server at " + line_->options.address + " ended in the middle of what it said");
  PulledRound round{answer_of(head->answer()), assignment_of(head->round(), who.worker), {}};
  if (receiver) round.start = line_->pulls.decode(message);
  return round;
}

PushAnswer TrainingClient::push(const MemberIdentity& who, const Contribution& contribution,
                                const Vector& message, int64_t part_bytes) {
  grpc::ClientContext context;
  prepare(context, line_->options.credentials);
  PatienceWatch::Guard guard(line_->watch, [&context] { context.TryCancel(); });
  wire::PushReply reply;
  const auto writer = line_->stub->Push(&context, &reply);
  wire::PushPart part;
  *part.mutable_head() = head_of(who, contribution, message);
  bool flows = writer->Write(part);
  PartsSender sender(bytes_of(message), part_bytes);
  for (auto next = sender.next(); flows && !next.empty(); next = sender.next()) {
    guard.progress();
    part.mutable_data()->assign(next.data(), next.size());
    flows = writer->Write(part);
  }
  writer->WritesDone();
  guard.progress();
  require_ok(writer->Finish(), line_->options.address, line_->options.credentials);
  return {kind_of(reply.verdict()), reply.why(), reply.member(), reply.finished(), reply.reason()};
}

Coordinator::Heard TrainingClient::beat(const MemberIdentity& who, int64_t steps_done) {
  wire::BeatRequest request;
  fill(*request.mutable_member(), who);
  request.set_steps_done(steps_done);
  const wire::BeatReply reply = line_->ask(&wire::Training::Stub::Beat, request, longest_beat);
  return {reply.known(), reply.finished()};
}

void TrainingClient::leave(const MemberIdentity& who) {
  wire::LeaveRequest request;
  fill(*request.mutable_member(), who);
  line_->ask(&wire::Training::Stub::Leave, request, longest_beat);
}

}  // namespace muster::inline serve
