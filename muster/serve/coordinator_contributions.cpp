#include <optional>
#include <utility>

#include "muster/asynchronous/vector_measure.h"
#include "muster/serve/coordinator.h"

namespace muster::inline serve {

std::optional<ContributionReply> Coordinator::judge_early(const MemberIdentity& who,
                                                          const Contribution& without_vector) {
  Lock lock(mutex_);
  require_working();
  Member* const one = members_.find(who);
  ContributionReply answer{.member = one != nullptr, .finished = has_ended()};
  if (one != nullptr && has_ended()) one->knows = true;
  const auto turned_away = decisions().judge_round(without_vector);
  if (!turned_away && one != nullptr && !has_ended()) return std::nullopt;
  answer.verdict = turned_away.value_or(Verdict::too_late);
  server_.turn_away(answer.verdict);
  wait_until_told(lock, latest());
  return answer;
}

ContributionReply Coordinator::hand_in(const MemberIdentity& who, Contribution contribution, int64_t bytes) {
  const VectorMeasure measured = measure(contribution.pseudo_gradient, elements_, type_);
  Lock lock(mutex_);
  require_working();
  Member* const one = members_.find(who);
  bytes_in_ += bytes;
  if (one != nullptr) one->bytes_in += bytes;
  ContributionReply answer{.member = one != nullptr, .finished = has_ended()};
  contribution.completed = now();
  const auto turned_away = decisions().judge_round(contribution);
  answer.verdict = turned_away ? *turned_away : decisions().judge_vector(contribution, measured);
  if ((one == nullptr || has_ended()) && ends_round(answer.verdict)) answer.verdict = Verdict::too_late;
  answer.reason = decisions().reason(measured.norm, answer.verdict);
  Settled place = latest();
  if (ends_round(answer.verdict)) {
    place = decide(AsyncServer::event_of(contribution, answer.verdict), measured.norm);
    answer.finished = one->knows = has_ended();
    release_if_due();
    snapshot_if_due();
  } else {
    server_.turn_away(answer.verdict);
  }
  changed_.notify_all();
  wait_until_told(lock, place);
  return answer;
}

}  // namespace muster::inline serve
