#include "muster/serve/training_desk.h"

#include <algorithm>
#include <utility>

#include "muster/base/error.h"
#include "muster/base/same_secret.h"
#include "muster/base/secret_bits.h"
#include "muster/serve/doors.h"

namespace muster {

namespace {

int64_t new_session() { return static_cast<int64_t>(secret_bits()); }

std::string bytes_of_session(int64_t session) {
  return {reinterpret_cast<const char*>(&session), sizeof session};
}

}  // namespace

TrainingDesk::TrainingDesk(AsyncServer server, ServerFiles files, const DeskOptions& options)
    : server_(std::move(server)), files_(std::move(files)), options_(options) {
  recover();
}

TrainingDesk::Member* TrainingDesk::member(const MemberIdentity& who) {
  const auto found = members_.find(who.worker);
  if (found == members_.end() ||
      !same_secret(bytes_of_session(found->second.session), bytes_of_session(who.session)))
    return nullptr;
  found->second.heard = std::chrono::steady_clock::now();
  return &found->second;
}

void TrainingDesk::wait_for_disk(std::unique_lock<std::mutex>& lock, uint64_t place) const {
  lock.unlock();
  if (!files_.journal().wait_for(place, options_.disk_patience))
    throw LostPeer("the server's disk has not taken it yet; try again");
}

int64_t TrainingDesk::free_number() const {
  int64_t number = 0;
  for (const auto& [worker, one] : members_) {
    if (worker != number) break;
    ++number;
  }
  return number;
}

MemberIdentity TrainingDesk::join(const std::string& name, std::optional<double> seconds_per_step,
                                  const std::optional<MemberIdentity>& previous) {
  std::unique_lock lock(mutex_);
  files_.journal().require_working();
  int64_t number = free_number();
  if (previous && member(*previous)) remove(previous->worker);
  if (previous && previous->worker >= 0 && server_.dispatcher().known(previous->worker) &&
      !members_.contains(previous->worker))
    number = previous->worker;
  if (static_cast<int64_t>(members_.size()) >= options_.most_members) {
    ++refused_["no_room"];
    throw Error("the server has as many workers as it takes: " + std::to_string(options_.most_members));
  }
  const int64_t session = new_session();
  if (!has_ended()) decide(WorkerJoined{number, now(), seconds_per_step, session});
  Member& one = members_[number];
  one.session = session;
  one.name = name;
  one.heard = std::chrono::steady_clock::now();
  release_if_due();
  wait_for_disk(lock, files_.journal().last());
  return {number, session};
}

void TrainingDesk::remove(int64_t worker) {
  if (has_ended())
    members_.erase(worker);
  else
    decide(WorkerLeft{worker, now()});
}

void TrainingDesk::leave(const MemberIdentity& who) {
  std::unique_lock lock(mutex_);
  files_.journal().require_working();
  if (!member(who)) return;
  remove(who.worker);
  release_if_due();
  wait_for_disk(lock, files_.journal().last());
}

GivenRound TrainingDesk::next_round(const MemberIdentity& who, Time until) {
  std::unique_lock lock(mutex_);
  using Answer = GivenRound::Answer;
  const auto told = [&](GivenRound given) {
    wait_for_disk(lock, files_.journal().last());
    return given;
  };
  while (true) {
    files_.journal().require_working();
    Member* const one = member(who);
    if (one != nullptr && has_ended()) one->knows = true;
    if (has_ended()) return told({.answer = Answer::finished});
    if (one == nullptr) return {.answer = Answer::unknown};
    const Assignment* const open = server_.dispatcher().open_assignment(who.worker);
    // A round whose start is not kept any more cannot be given once more: the worker joins anew.
    if (open != nullptr && !one->start) return {.answer = Answer::unknown};
    if (open != nullptr) return told({Answer::round, *open, one->start});
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

void TrainingDesk::fetched(const MemberIdentity& who, int64_t sequence, int64_t bytes) {
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

std::optional<HandedIn> TrainingDesk::judge_early(const MemberIdentity& who,
                                                  const Contribution& without_vector) {
  std::unique_lock lock(mutex_);
  files_.journal().require_working();
  Member* const one = member(who);
  HandedIn answer{.member = one != nullptr, .finished = has_ended()};
  if (one != nullptr && has_ended()) one->knows = true;
  const Verdict verdict = server_.judge(without_vector);
  // Without a vector the shape is wrong in any case: all that is judged before it has passed.
  if (verdict == Verdict::wrong_shape && one != nullptr && !has_ended()) return std::nullopt;
  answer.verdict = verdict == Verdict::wrong_shape ? Verdict::too_late : verdict;
  server_.turn_away(answer.verdict);
  wait_for_disk(lock, files_.journal().last());
  return answer;
}

HandedIn TrainingDesk::hand_in(const MemberIdentity& who, Contribution contribution, int64_t bytes) {
  std::unique_lock lock(mutex_);
  files_.journal().require_working();
  Member* const one = member(who);
  bytes_in_ += bytes;
  if (one != nullptr) one->bytes_in += bytes;
  HandedIn answer{.member = one != nullptr, .finished = has_ended()};
  contribution.completed = now();
  answer.verdict = server_.judge(contribution);
  if ((one == nullptr || has_ended()) && ends_round(answer.verdict)) answer.verdict = Verdict::too_late;
  answer.reason = server_.reason(contribution, answer.verdict);
  if (ends_round(answer.verdict)) {
    decide(AsyncServer::event_of(contribution, answer.verdict));
    answer.finished = one->knows = has_ended();
    release_if_due();
  } else {
    server_.turn_away(answer.verdict);
  }
  const uint64_t place = files_.journal().last();
  if (ends_round(answer.verdict)) snapshot_if_due();
  changed_.notify_all();
  wait_for_disk(lock, place);
  return answer;
}

TrainingDesk::Heard TrainingDesk::beat(const MemberIdentity& who, int64_t steps_done) {
  const std::lock_guard lock(mutex_);
  files_.journal().require_working();
  Member* const one = member(who);
  if (one == nullptr) return {false, ended_on_disk()};
  one->steps_done = steps_done;
  if (ended_on_disk()) one->knows = true;
  return {true, ended_on_disk()};
}

void TrainingDesk::refuse(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  ++refused_[reason];
}

// Nothing here waits for the disk: nobody is told of it. After the end the silent stay members: who is slow
// to ask is still to hear of the end.
void TrainingDesk::look() {
  const std::lock_guard lock(mutex_);
  files_.journal().require_working();
  const Time now = std::chrono::steady_clock::now();
  forgive_own_silence(now);
  if (has_ended()) return;
  const Time silent_since = now - std::chrono::milliseconds(static_cast<int64_t>(1000 * options_.lease));
  std::vector<int64_t> gone;
  for (const auto& [worker, one] : members_)
    if (one.heard < silent_since) gone.push_back(worker);
  for (const int64_t worker : gone) {
    remove(worker);
    ++refused_["gone_silent"];
  }
  release_if_due();
}

// Signs of life that came while this process stood still have not been read yet.
void TrainingDesk::forgive_own_silence(Time now) {
  constexpr std::chrono::milliseconds usual(500);
  const auto stood_still = now - last_look_;
  last_look_ = now;
  if (stood_still < usual) return;
  for (auto& [worker, one] : members_) one.heard = std::min(now, one.heard + stood_still);
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
  files_.journal().require_working();
  return ended_on_disk();
}

int64_t TrainingDesk::workers_present() {
  const std::lock_guard lock(mutex_);
  return static_cast<int64_t>(members_.size());
}

int64_t TrainingDesk::local_steps() {
  const std::lock_guard lock(mutex_);
  return server_.dispatcher().local_steps_done();
}

bool TrainingDesk::everybody_knows() {
  const std::lock_guard lock(mutex_);
  constexpr double until_asked_again = 3;
  return has_ended() && now() - asked_ > until_asked_again &&
         std::all_of(members_.begin(), members_.end(), [](const auto& one) { return one.second.knows; });
}

TrainingDesk::Present TrainingDesk::present() {
  std::unique_lock lock(mutex_);
  Present present{server_.parameters().copy(), server_.version(), server_.dispatcher().local_steps_done(),
                  now(), server_.counts()};
  const uint64_t place = files_.journal().last();
  lock.unlock();
  files_.journal().wait(place);
  return present;
}

std::vector<ArrivalLine> TrainingDesk::take_ended_rounds() {
  const std::lock_guard lock(mutex_);
  std::vector<ArrivalLine> taken;
  size_t count = 0;
  for (; count < ended_rounds_.size() && files_.journal().done(ended_rounds_[count].place); ++count)
    taken.push_back(std::move(ended_rounds_[count].line));
  ended_rounds_.erase(ended_rounds_.begin(), ended_rounds_.begin() + static_cast<std::ptrdiff_t>(count));
  return taken;
}

std::vector<std::string> TrainingDesk::take_messages() {
  const std::lock_guard lock(mutex_);
  return std::exchange(messages_, {});
}

}  // namespace muster
