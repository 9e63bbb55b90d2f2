#include "muster/serve/training_desk.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <variant>

#include "muster/base/error.h"

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

std::string session_key(int64_t worker) { return "session." + std::to_string(worker); }

}  // namespace

TrainingDesk::TrainingDesk(AsyncServer server, ServerFiles files, const DeskOptions& options)
    : server_(std::move(server)), files_(std::move(files)), options_(options) {
  recover();
}

// What the newest snapshot holds, then the events behind it, through the same apply() as when they happened.
void TrainingDesk::recover() {
  const auto snapshot = files_.newest_snapshot();
  if (!snapshot) return files_.begin_anew(state());
  server_.restore(snapshot->part_of("server"));
  last_time_ = snapshot->numbers.real("time");
  for (const int64_t worker : server_.dispatcher().members()) {
    Member& one = members_[worker];
    one.session = snapshot->numbers.integer(session_key(worker));
    one.ready = one.started = one.received = last_time_;
  }
  if (const auto log = files_.open_log()) {
    while (const auto event = log->next()) apply(*event);
    files_.reopen_log(log->position());
  } else {
    files_.start_log();
  }
  time_before_ = last_time_;
  watch_ = {};
  for (auto& [worker, one] : members_) one.heard = std::chrono::steady_clock::now();
  versions_found_ = server_.version();
}

State TrainingDesk::state() const {
  State state;
  state.insert("server", server_.state());
  state.numbers.set("time", last_time_);
  for (const auto& [worker, one] : members_) state.numbers.set(session_key(worker), one.session);
  return state;
}

EventOutcome TrainingDesk::decide(const ServerEvent& event) {
  files_.log().append(event);
  return apply(event);
}

EventOutcome TrainingDesk::apply(const ServerEvent& event) {
  std::optional<ArrivalLine> ended = ended_round(event);
  EventOutcome outcome = server_.apply(event);
  last_time_ = std::max(last_time_, time_of(event));
  if (const auto* joined = std::get_if<WorkerJoined>(&event)) {
    Member& one = members_[joined->worker];
    one = Member{};
    one.session = server_.counts().joined;
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
  } else if (const auto* dropped = std::get_if<ContributionDropped>(&event)) {
    Member& one = members_[dropped->worker];
    ++one.dropped;
    one.start = nullptr;
  }
  if (ended) {
    ended->staleness = outcome.staleness;
    ended->verdict = word_of(outcome.verdict);
    members_[ended->worker].ready = ended->arrived;
    ended_rounds_.push_back(*std::move(ended));
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

void TrainingDesk::flush() { files_.log().sync(); }

void TrainingDesk::require_working() const {
  if (failure_) throw FileError(*failure_);
}

/// Runs under the lock; a failed write is the last thing that this desk does.
template <class Body>
auto TrainingDesk::guarded(Body body) {
  const std::lock_guard lock(mutex_);
  require_working();
  try {
    return body();
  } catch (const FileError& problem) {
    failure_ = problem.what();
    changed_.notify_all();
    throw;
  }
}

TrainingDesk::Member* TrainingDesk::member(const Membership& who) {
  const auto found = members_.find(who.worker);
  if (found == members_.end() || found->second.session != who.session) return nullptr;
  found->second.heard = std::chrono::steady_clock::now();
  return &found->second;
}

int64_t TrainingDesk::free_number() const {
  int64_t number = 0;
  for (const auto& [worker, one] : members_) {
    if (worker != number) break;
    ++number;
  }
  return number;
}

Membership TrainingDesk::join(const std::string& name, std::optional<double> seconds_per_step,
                              const std::optional<Membership>& previous) {
  return guarded([&] {
    int64_t number = free_number();
    if (previous && member(*previous)) remove(previous->worker);
    if (previous && previous->worker >= 0 && server_.dispatcher().known(previous->worker) &&
        !members_.contains(previous->worker))
      number = previous->worker;
    if (static_cast<int64_t>(members_.size()) >= options_.most_members) {
      ++refused_["no_room"];
      throw Error("the server has as many workers as it takes: " + std::to_string(options_.most_members));
    }
    if (!has_ended()) decide(WorkerJoined{number, now(), seconds_per_step});
    Member& one = members_[number];
    one.name = name;
    one.heard = std::chrono::steady_clock::now();
    release_if_due();
    flush();
    return Membership{number, one.session};
  });
}

void TrainingDesk::remove(int64_t worker) {
  if (has_ended())
    members_.erase(worker);
  else
    decide(WorkerLeft{worker, now()});
}

void TrainingDesk::leave(const Membership& who) {
  guarded([&] {
    if (!member(who)) return;
    remove(who.worker);
    release_if_due();
    flush();
  });
}

GivenRound TrainingDesk::next_round(const Membership& who, Time until) {
  std::unique_lock lock(mutex_);
  using Answer = GivenRound::Answer;
  while (true) {
    require_working();
    Member* const one = member(who);
    if (one != nullptr && has_ended()) one->knows = true;
    if (has_ended()) return {.answer = Answer::finished};
    if (one == nullptr) return {.answer = Answer::unknown};
    const Assignment* const open = server_.dispatcher().open_assignment(who.worker);
    // A round whose start is not kept any more cannot be given once more: the worker joins anew.
    if (open != nullptr && !one->start) return {.answer = Answer::unknown};
    if (open != nullptr) return {Answer::round, *open, one->start};
    const Time now = std::chrono::steady_clock::now();
    if (now >= until) return {.answer = Answer::wait};
    const double seconds = server_.dispatcher().grace_closes().value_or(0) - this->now();
    const auto closes =
        now + std::chrono::microseconds(static_cast<int64_t>(1e6 * std::clamp(seconds, 0.02, 1.0)));
    changed_.wait_until(lock, std::min(until, closes));
    lock.unlock();
    look();
    lock.lock();
  }
}

void TrainingDesk::fetched(const Membership& who, int64_t sequence, int64_t bytes) {
  const std::lock_guard lock(mutex_);
  Member* const one = member(who);
  bytes_out_ += bytes;
  if (one == nullptr) return;
  one->bytes_out += bytes;
  const Assignment* const open = server_.dispatcher().open_assignment(who.worker);
  if (open != nullptr && open->sequence == sequence && one->start) {
    one->start = nullptr;
    one->received = now();
  }
}

std::optional<HandedIn> TrainingDesk::judge_early(const Membership& who, const Contribution& without_vector) {
  const std::lock_guard lock(mutex_);
  require_working();
  Member* const one = member(who);
  HandedIn answer{.member = one != nullptr, .finished = has_ended()};
  if (one != nullptr && has_ended()) one->knows = true;
  const Verdict verdict = server_.judge(without_vector);
  // Without a vector the shape is wrong in any case: all that is judged before it has passed.
  if (verdict == Verdict::wrong_shape && one != nullptr && !has_ended()) return std::nullopt;
  answer.verdict = verdict == Verdict::wrong_shape ? Verdict::too_late : verdict;
  server_.turn_away(answer.verdict);
  return answer;
}

HandedIn TrainingDesk::hand_in(const Membership& who, Contribution contribution, int64_t bytes) {
  return guarded([&] {
    Member* const one = member(who);
    bytes_in_ += bytes;
    if (one != nullptr) one->bytes_in += bytes;
    HandedIn answer{.member = one != nullptr, .finished = has_ended()};
    contribution.completed = now();
    answer.verdict = server_.judge(contribution);
    if ((one == nullptr || has_ended()) && ends_round(answer.verdict)) answer.verdict = Verdict::too_late;
    if (!ends_round(answer.verdict)) {
      server_.turn_away(answer.verdict);
      return answer;
    }
    decide(AsyncServer::event_of(contribution, answer.verdict));
    answer.finished = one->knows = has_ended();
    release_if_due();
    flush();
    if (++since_snapshot_ >= options_.snapshot_every || answer.finished) {
      since_snapshot_ = 0;
      files_.begin_anew(state());
    }
    changed_.notify_all();
    return answer;
  });
}

TrainingDesk::Heard TrainingDesk::beat(const Membership& who, int64_t steps_done) {
  const std::lock_guard lock(mutex_);
  require_working();
  Member* const one = member(who);
  if (one == nullptr) return {false, has_ended()};
  one->steps_done = steps_done;
  if (has_ended()) one->knows = true;
  return {true, has_ended()};
}

void TrainingDesk::refuse(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  ++refused_[reason];
}

void TrainingDesk::look() {
  guarded([&] {
    const Time silent_since = std::chrono::steady_clock::now() -
                              std::chrono::milliseconds(static_cast<int64_t>(1000 * options_.lease));
    std::vector<int64_t> gone;
    for (const auto& [worker, one] : members_)
      if (one.heard < silent_since) gone.push_back(worker);
    for (const int64_t worker : gone) {
      remove(worker);
      ++refused_["gone_silent"];
    }
    const bool released = release_due();
    release_if_due();
    if (released || !gone.empty()) flush();
  });
}

// A window closes when its time has passed, or when nobody will come before that.
bool TrainingDesk::release_due() const {
  const Dispatcher& dispatcher = server_.dispatcher();
  const auto closes = dispatcher.grace_closes();
  if (has_ended() || !closes) return false;
  if (server_.counts().releases == 0 && dispatcher.workers_present() < options_.start_with) return false;
  return dispatcher.everybody_ready() || now() >= *closes || !somebody_expected_by(*closes);
}

bool TrainingDesk::somebody_expected_by(double time) const {
  for (const auto& [worker, one] : members_) {
    const Assignment* const open = server_.dispatcher().open_assignment(worker);
    const auto seconds = server_.dispatcher().seconds_per_step(worker);
    if (open == nullptr) continue;
    if (!seconds || one.started + *seconds * static_cast<double>(open->local_steps) <= time) return true;
  }
  return false;
}

void TrainingDesk::release_if_due() {
  if (!release_due()) return;
  decide(WorkersReleased{now()});
  changed_.notify_all();
}

bool TrainingDesk::finished() {
  const std::lock_guard lock(mutex_);
  require_working();
  return has_ended();
}

int64_t TrainingDesk::local_steps() {
  const std::lock_guard lock(mutex_);
  return server_.dispatcher().local_steps_done();
}

bool TrainingDesk::everybody_knows() {
  const std::lock_guard lock(mutex_);
  return has_ended() &&
         std::all_of(members_.begin(), members_.end(), [](const auto& one) { return one.second.knows; });
}

TrainingDesk::Present TrainingDesk::present() {
  const std::lock_guard lock(mutex_);
  return {server_.parameters().clone(), server_.version(), server_.dispatcher().local_steps_done(), now(),
          server_.counts()};
}

std::vector<ArrivalLine> TrainingDesk::take_ended_rounds() {
  const std::lock_guard lock(mutex_);
  return std::exchange(ended_rounds_, {});
}

void TrainingDesk::save() {
  guarded([&] { files_.begin_anew(state()); });
}

}  // namespace muster
