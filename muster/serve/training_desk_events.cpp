#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "muster/base/format.h"
#include "muster/serve/training_desk.h"

namespace muster {

namespace {

double time_of(const ServerEvent& event) {
  return std::visit(
      [](const auto& one) {
        if constexpr (requires { one.time; })
          return one.time;
        else
          return one.completed;
      },
      event);
}

}  // namespace

EventOutcome TrainingDesk::decide(const ServerEvent& event) {
  const bool had_ended = has_ended();
  const uint64_t place = files_.journal().append(event);
  const size_t ended_before = ended_rounds_.size();
  EventOutcome outcome = apply(event);
  if (has_ended() && !had_ended) end_ = place;
  for (size_t i = ended_before; i < ended_rounds_.size(); ++i) ended_rounds_[i].place = place;
  return outcome;
}

EventOutcome TrainingDesk::apply(const ServerEvent& event) {
  std::optional<ArrivalLine> ended = ended_round(event);
  EventOutcome outcome = server_.apply(event);
  last_time_ = std::max(last_time_, time_of(event));
  if (const auto* joined = std::get_if<WorkerJoined>(&event)) {
    Member& one = members_[joined->worker];
    one = Member{};
    one.session = joined->session;
    one.ready = last_time_;
    one.heard = std::chrono::steady_clock::now();
  } else if (const auto* left = std::get_if<WorkerLeft>(&event)) {
    members_.erase(left->worker);
  } else if (const auto* counted = std::get_if<Contribution>(&event)) {
    Member& one = members_[counted->worker];
    ++one.counted;
    one.last_staleness = outcome.staleness;
    one.last_loss = counted->loss;
    one.start = nullptr;
    tell_of(*counted, outcome);
  } else if (const auto* dropped = std::get_if<ContributionDropped>(&event)) {
    Member& one = members_[dropped->worker];
    ++one.dropped;
    one.start = nullptr;
  }
  if (ended) {
    ended->staleness = outcome.staleness;
    ended->verdict = word_of(outcome.verdict);
    members_[ended->worker].ready = ended->arrived;
    ended_rounds_.push_back({0, *std::move(ended)});
  }
  if (outcome.assignments.empty()) return outcome;
  const auto start = std::make_shared<const StartingPoint>(StartingPoint{outcome.start});
  for (const Assignment& assignment : outcome.assignments) {
    Member& one = members_[assignment.worker];
    one.start = start;
    one.started = one.received = last_time_;
    one.steps_done = 0;
  }
  return outcome;
}

void TrainingDesk::tell_of(const Contribution& contribution, const EventOutcome& outcome) {
  if (!outcome.median) return;
  messages_.push_back(
      fmt::format("warning: round {} of worker {} has norm {}, {} times the running median {}; it was "
                  "counted (async.outlier "
                  "= refuse would drop it)",
                  contribution.sequence, contribution.worker, format_number(outcome.norm, 4),
                  format_number(outcome.norm / *outcome.median, 3), format_number(*outcome.median, 4)));
}

std::optional<ArrivalLine> TrainingDesk::ended_round(const ServerEvent& event) const {
  const auto line_of = [this](const auto& ending) -> std::optional<ArrivalLine> {
    const Assignment* const open = server_.dispatcher().open_assignment(ending.worker);
    const auto found = members_.find(ending.worker);
    if (open == nullptr || found == members_.end()) return std::nullopt;
    const Member& one = found->second;
    const double received = std::min(one.received, ending.completed);
    return ArrivalLine{.worker = ending.worker,
                       .shard = open->shard,
                       .steps = ending.local_steps,
                       .version = open->version,
                       .ready = std::min(one.ready, one.started),
                       .start = std::min(one.started, received),
                       .received = received,
                       .computed = std::min(received + ending.compute_seconds, ending.completed),
                       .arrived = ending.completed,
                       .loss = std::nullopt};
  };
  if (const auto* dropped = std::get_if<ContributionDropped>(&event)) return line_of(*dropped);
  const auto* const counted = std::get_if<Contribution>(&event);
  if (counted == nullptr) return std::nullopt;
  std::optional<ArrivalLine> line = line_of(*counted);
  if (line) line->loss = counted->loss;
  return line;
}

}  // namespace muster
