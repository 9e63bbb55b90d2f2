#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <variant>

#include "muster/serve/training_desk.h"

namespace muster {

ServerStatus TrainingDesk::status() {
  const std::lock_guard lock(mutex_);
  const Dispatcher& dispatcher = server_.dispatcher();
  ServerStatus status{.running_seconds = now(),
                      .finished = has_ended(),
                      .version = server_.version(),
                      .local_steps = dispatcher.local_steps_done(),
                      .total_steps = options_.total_steps,
                      .staleness_mean = server_.counts().staleness_mean(),
                      .staleness_max = server_.counts().staleness_max,
                      .bytes_in = bytes_in_,
                      .bytes_out = bytes_out_,
                      .counts = refused_};
  for (int verdict = 0; verdict < verdicts; ++verdict)
    status.counts[std::string(word_of(static_cast<Verdict>(verdict)))] +=
        server_.counts().of(static_cast<Verdict>(verdict));
  double loss_sum = 0;
  int64_t with_loss = 0;
  for (const auto& [worker, one] : members_) {
    const Assignment* const open = dispatcher.open_assignment(worker);
    const auto seconds = dispatcher.seconds_per_step(worker);
    const auto silent = std::chrono::steady_clock::now() - one.heard;
    status.workers.push_back({.worker = worker,
                              .name = one.name,
                              .doing = open == nullptr ? "waits"
                                       : one.start     ? "fetches"
                                                       : "computes",
                              .round_steps = open == nullptr ? 0 : open->local_steps,
                              .steps_done = one.steps_done,
                              .version = open == nullptr ? server_.version() : open->version,
                              .steps_per_second = seconds && *seconds > 0 ? 1 / *seconds : 0,
                              .counted = one.counted,
                              .dropped = one.dropped,
                              .last_staleness = one.last_staleness,
                              .last_loss = one.last_loss,
                              .bytes_in = one.bytes_in,
                              .bytes_out = one.bytes_out,
                              .silent_seconds = std::chrono::duration<double>(silent).count()});
    loss_sum += one.counted > 0 ? one.last_loss : 0;
    with_loss += one.counted > 0 ? 1 : 0;
  }
  status.loss = with_loss > 0 ? loss_sum / static_cast<double>(with_loss) : 0;
  return status;
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
