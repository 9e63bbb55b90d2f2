#include "muster/serve/work_loop.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "muster/base/error.h"
#include "muster/base/stopwatch.h"
#include "muster/flat/arithmetic.h"
#include "muster/flat/vector.h"

namespace muster::inline serve {

namespace {

using Clock = std::chrono::steady_clock;
constexpr double first_pause = 0.1, longest_pause = 5;   // seconds
constexpr std::chrono::milliseconds shortest_look(100);  // longest piece of a pause

std::chrono::microseconds microseconds(double seconds) {
  return std::chrono::microseconds(static_cast<int64_t>(1e6 * seconds));
}

}  // namespace

WorkLoop::WorkLoop(AsyncWorker& worker, TrainingClient& client, const VectorMessages& pushes,
                   const WorkOptions& options)
    : worker_(worker),
      client_(client),
      pushes_(pushes),
      options_(options),
      heartbeat_(client),
      jitter_(RandomKey{options.jitter_seed, Purpose::test}) {}

WorkNews WorkLoop::advance() {
  if (stage_ == Stage::finished) return {.kind = WorkNews::Kind::finished};
  if (heartbeat_.finished()) {
    stage_ = Stage::finished;
    return {.kind = WorkNews::Kind::finished};
  }
  if (stage_ == Stage::computing) return step();
  if (Clock::now() < not_before_) {
    std::this_thread::sleep_until(std::min<Time>(not_before_, Clock::now() + shortest_look));
    return {};
  }
  try {
    const Stage stage = stage_;
    WorkNews news = stage == Stage::outside ? join() : stage == Stage::waiting ? pull() : push();
    found();
    return news;
  } catch (const LostPeer& problem) {
    return lost(problem.what());
  }
}

void WorkLoop::found() {
  lost_since_.reset();
  attempts_ = 0;
  reaching_.due(false);
}

// Pauses grow twofold; at random between half and all of it, so that workers do not come back all at once.
WorkNews WorkLoop::lost(const std::string& why) {
  const Time now = Clock::now();
  const bool first = !lost_since_;
  if (first) lost_since_ = now;
  if (now - *lost_since_ > microseconds(options_.give_up_after))
    throw LostPeer(why + "; gave up after " + std::to_string(static_cast<int64_t>(options_.give_up_after)) +
                   " s (serve.give_up_after)");
  const double pause = std::min(longest_pause, first_pause * std::exp2(std::min(attempts_, 10)));
  ++attempts_;
  not_before_ = now + microseconds(pause * (0.5 + 0.5 * jitter_.uniform()));
  if (reaching_.due(true))
    return {.kind = WorkNews::Kind::waiting,
            .why = fmt::format("waiting for the server at {} for {:.0f} s, and for {:.0f} s more: {}",
                               options_.address, reaching_.seconds(),
                               std::max(0.0, options_.give_up_after - reaching_.seconds()), why)};
  if (!first) return {};
  return {.kind = WorkNews::Kind::lost, .why = why};
}

WorkNews WorkLoop::waiting_for_round() {
  if (!idle_.due(true)) return {};
  return {
      .kind = WorkNews::Kind::waiting,
      .why = fmt::format("waiting for a round from the server at {} for {:.0f} s: it waits for other workers "
                         "(serve.start_with, async.grace)",
                         options_.address, idle_.seconds())};
}

WorkNews WorkLoop::join() {
  const JoinedServer joined = client_.join(options_.name, options_.identity, std::nullopt, membership_);
  membership_ = joined.membership;
  part_bytes_ = joined.part_bytes;
  heartbeat_.begin(*membership_, joined.beat_seconds);
  stage_ = Stage::waiting;
  return {.kind = WorkNews::Kind::joined, .membership = *membership_};
}

WorkNews WorkLoop::pull() {
  using Answer = GivenRound::Answer;
  const PulledRound round = client_.pull(*membership_);
  if (round.answer == Answer::unknown) stage_ = Stage::outside;
  if (round.answer == Answer::finished) {
    stage_ = Stage::finished;
    return {.kind = WorkNews::Kind::finished};
  }
  if (round.answer == Answer::wait) return waiting_for_round();
  idle_.due(false);
  if (round.answer != Answer::round) return {};
  worker_.begin(round.assignment, round.start);
  round_steps_ = round.assignment.local_steps;
  compute_seconds_ = 0;
  heartbeat_.steps_done(0);
  stage_ = Stage::computing;
  return {};
}

WorkNews WorkLoop::step() {
  const Stopwatch watch;
  const int64_t left = worker_.advance(1);
  if (const double rest = options_.least_step_seconds - watch.seconds(); rest > 0)
    std::this_thread::sleep_for(microseconds(rest));
  compute_seconds_ += watch.seconds();
  heartbeat_.steps_done(round_steps_ - left);
  if (left > 0) return {};
  contribution_ = worker_.finish();
  contribution_.compute_seconds = compute_seconds_;
  message_ = encode();
  stage_ = Stage::handing_in;
  return {};
}

Vector WorkLoop::encode() {
  const RandomKey key{options_.seed, Purpose::quantisation, static_cast<uint64_t>(contribution_.worker),
                      static_cast<uint64_t>(contribution_.sequence)};
  if (!options_.error_feedback) return pushes_.encode(contribution_.pseudo_gradient, key);
  const Vector whole = contribution_.pseudo_gradient.copy();
  if (residual_.defined()) add(whole, residual_);
  Vector message = pushes_.encode(whole, key);
  next_residual_ = flat_vector(whole.size(), whole.type());
  subtract(whole, pushes_.decode(message), next_residual_);
  return message;
}

WorkNews WorkLoop::push() {
  WorkNews news{.kind = WorkNews::Kind::handed_in, .membership = *membership_};
  news.answer = client_.push(*membership_, contribution_, message_, part_bytes_);
  // A duplicate was counted when the answer to an earlier attempt got lost.
  const bool taken =
      news.answer.kind == PushAnswer::Kind::counted || news.answer.kind == PushAnswer::Kind::duplicate;
  if (taken && next_residual_.defined()) residual_ = next_residual_;
  contribution_.pseudo_gradient = Vector();
  message_ = Vector();
  news.contribution = contribution_;
  stage_ = news.answer.finished ? Stage::finished : news.answer.member ? Stage::waiting : Stage::outside;
  return news;
}

void WorkLoop::leave() {
  if (!membership_ || stage_ == Stage::finished) return;
  try {
    client_.leave(*membership_);
  } catch (const Error&) {
    // The server will notice the worker's silence.
  }
}

}  // namespace muster::inline serve
