#include <algorithm>
#include <chrono>
#include <optional>
#include <string>

#include "muster/serve/coordinator.h"

namespace muster::inline serve {

ServerStatus Coordinator::status() {
  const std::lock_guard lock(mutex_);
  const Dispatcher& dispatcher = decisions().dispatcher();
  ServerStatus status{.running_seconds = now(),
                      .finished = ended_on_disk(),
                      .version = decisions().version(),
                      .local_steps = dispatcher.local_steps_done(),
                      .total_steps = options_.total_steps,
                      .staleness_mean = decisions().counts().staleness_mean(),
                      .staleness_max = decisions().counts().staleness_max,
                      .bytes_in = bytes_in_,
                      .bytes_out = bytes_out_,
                      .counts = refused_};
  for (int verdict = 0; verdict < verdicts; ++verdict)
    status.counts[std::string(word_of(static_cast<Verdict>(verdict)))] +=
        decisions().counts().of(static_cast<Verdict>(verdict));
  double loss_sum = 0;
  int64_t with_loss = 0;
  for (const auto& [worker, one] : members_.all()) {
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
                              .version = open == nullptr ? decisions().version() : open->version,
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
  asked_ = status.finished ? -1e9 : now();
  return status;
}

bool Coordinator::finished() {
  const std::lock_guard lock(mutex_);
  require_working();
  return ended_on_disk();
}

int64_t Coordinator::workers_present() {
  const std::lock_guard lock(mutex_);
  return members_.count();
}

int64_t Coordinator::local_steps() {
  const std::lock_guard lock(mutex_);
  return decisions().dispatcher().local_steps_done();
}

bool Coordinator::end_announced() {
  const std::lock_guard lock(mutex_);
  constexpr double until_asked_again = 3;
  return has_ended() && now() - asked_ > until_asked_again && members_.all_know();
}

Coordinator::Present Coordinator::present() {
  const auto parameters = std::make_shared<Vector>();
  Lock lock(mutex_);
  Present present{
      {}, decisions().version(), decisions().dispatcher().local_steps_done(), now(), decisions().counts()};
  applier_->copy_parameters(parameters);
  const Settled place = latest();
  files_.journal().wake();
  lock.unlock();
  applier_->wait(place.in_vectors);
  files_.journal().wait(place.in_journal);
  present.parameters = *parameters;
  return present;
}

std::vector<ArrivalLine> Coordinator::take_ended_rounds() {
  const std::lock_guard lock(mutex_);
  return take_told(ended_rounds_);
}

std::vector<std::string> Coordinator::take_messages() {
  const std::lock_guard lock(mutex_);
  return take_told(messages_);
}

}  // namespace muster::inline serve
