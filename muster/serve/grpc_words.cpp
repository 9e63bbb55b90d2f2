#include "muster/serve/grpc_words.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace muster::inline serve {

namespace {

void fill(wire::WorkerStatus& to, const WorkerStatus& from) {
  to.set_worker(from.worker);
  to.set_name(from.name);
  to.set_doing(from.doing);
  to.set_round_steps(from.round_steps);
  to.set_steps_done(from.steps_done);
  to.set_version(from.version);
  to.set_steps_per_second(from.steps_per_second);
  to.set_counted(from.counted);
  to.set_dropped(from.dropped);
  to.set_last_staleness(from.last_staleness);
  to.set_last_loss(from.last_loss);
  to.set_bytes_in(from.bytes_in);
  to.set_bytes_out(from.bytes_out);
  to.set_silent_seconds(from.silent_seconds);
}

}  // namespace

double plain(double value) { return std::isfinite(value) && value > 0 ? value : 0; }

MemberIdentity who(const wire::Member& member) { return {member.worker(), member.session()}; }

Contribution contribution_of(const wire::PushHead& head) {
  Contribution contribution;
  contribution.worker = head.member().worker();
  contribution.sequence = head.round().sequence();
  contribution.version = head.round().version();
  contribution.shard = head.round().shard();
  contribution.local_steps = head.local_steps();
  contribution.tokens = std::max<int64_t>(0, head.tokens());
  contribution.compute_seconds = plain(head.seconds());
  contribution.loss = head.loss();
  contribution.learning_rate = plain(head.learning_rate());
  return contribution;
}

void fill(wire::PushReply& reply, const ContributionReply& answer) {
  reply.set_member(answer.member);
  reply.set_finished(answer.finished);
  reply.set_why(std::string(word_of(answer.verdict)));
  reply.set_reason(answer.reason);
  switch (answer.verdict) {
    case Verdict::counted:
      return reply.set_verdict(wire::PushReply::COUNTED);
    case Verdict::duplicate:
      return reply.set_verdict(wire::PushReply::DUPLICATE);
    case Verdict::too_late:
    case Verdict::unknown_worker:
    case Verdict::unknown_assignment:
      return reply.set_verdict(wire::PushReply::TOO_LATE);
    default:
      return reply.set_verdict(wire::PushReply::DROPPED);
  }
}

void fill(wire::PullHead& head, const GivenRound& given) {
  using Answer = GivenRound::Answer;
  switch (given.answer) {
    case Answer::unknown:
      return head.set_answer(wire::PullHead::UNKNOWN);
    case Answer::wait:
      return head.set_answer(wire::PullHead::WAIT);
    case Answer::finished:
      return head.set_answer(wire::PullHead::FINISHED);
    case Answer::round:
      head.set_answer(wire::PullHead::ROUND);
  }
  wire::Round& round = *head.mutable_round();
  round.set_shard(given.assignment.shard);
  round.set_local_steps(given.assignment.local_steps);
  round.set_first_step(given.assignment.first_step);
  round.set_version(given.assignment.version);
  round.set_sequence(given.assignment.sequence);
}

void fill(wire::StatusReply& to, const ServerStatus& from) {
  to.set_running_seconds(from.running_seconds);
  to.set_finished(from.finished);
  to.set_version(from.version);
  to.set_local_steps(from.local_steps);
  to.set_total_steps(from.total_steps);
  to.set_loss(from.loss);
  to.set_staleness_mean(from.staleness_mean);
  to.set_staleness_max(from.staleness_max);
  to.set_bytes_in(from.bytes_in);
  to.set_bytes_out(from.bytes_out);
  to.mutable_counts()->insert(from.counts.begin(), from.counts.end());
  for (const auto& worker : from.workers) fill(*to.add_workers(), worker);
}

}  // namespace muster::inline serve
