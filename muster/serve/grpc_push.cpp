#include <optional>
#include <string>
#include <utility>

#include "muster/serve/grpc_service.h"
#include "muster/serve/grpc_words.h"
#include "muster/serve/parts.h"

namespace muster::inline serve {

using grpc::StatusCode;

grpc::Status TrainingService::push(grpc::ServerContext& context, Reader& reader, wire::PushReply& reply) {
  std::optional<PatienceWatch::Guard> guard(std::in_place, watch_, [&context] { context.TryCancel(); });
  wire::PushPart part;
  if (!reader.Read(&part) || !part.has_head())
    return refused("malformed", StatusCode::INVALID_ARGUMENT, "a contribution begins with its head");
  const wire::PushHead head = part.head();
  const MemberIdentity member = who(head.member());
  Contribution contribution = contribution_of(head);
  if (const auto early = coordinator_.judge_early(member, contribution)) {
    fill(reply, *early);
    return grpc::Status::OK;
  }
  if (static_cast<int64_t>(head.bytes()) != pushes_.bytes())
    return refused("wrong_size", StatusCode::INVALID_ARGUMENT,
                   "a contribution to this run has " + std::to_string(pushes_.bytes()) + " bytes, not " +
                       std::to_string(head.bytes()));
  const PushSlots::Slot slot(slots_, options_.patience / 2);
  if (!slot.taken())
    return refused("busy", StatusCode::RESOURCE_EXHAUSTED,
                   "as many contributions as it can hold are on their way; try again");
  guard->progress();
  const Vector message = rooms_.take();
  if (const auto refusal = receive(reader, *guard, head, message)) return *refusal;
  guard.reset();  // from here on it is this side that takes its time
  contribution.pseudo_gradient = pushes_.decode(message);
  fill(reply, coordinator_.hand_in(member, std::move(contribution), pushes_.bytes()));
  return grpc::Status::OK;
}

TrainingService::Refusal TrainingService::receive(Reader& reader, PatienceWatch::Guard& guard,
                                                  const wire::PushHead& head, const Vector& message) {
  PartsReceiver receiver(static_cast<char*>(message.host()), pushes_.bytes(), options_.part_bytes);
  wire::PushPart part;
  while (!receiver.complete()) {
    if (!reader.Read(&part)) break;
    guard.progress();
    receiver.take(part.data());
  }
  if (guard.gave_up()) return refused("sends_nothing", StatusCode::CANCELLED, "nothing came any more");
  if (!receiver.complete()) return refused("broken_off", StatusCode::CANCELLED, "the contribution broke off");
  receiver.finish(head.checksum());
  return std::nullopt;
}

}  // namespace muster::inline serve
