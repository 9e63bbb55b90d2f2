#include "muster/serve/coordinator.h"

#include <algorithm>
#include <utility>

#include "muster/base/error.h"
#include "muster/base/secret_bits.h"

namespace muster::inline serve {

namespace {

using Clock = std::chrono::steady_clock;

int64_t new_session() { return static_cast<int64_t>(secret_bits()); }

std::chrono::microseconds microseconds(double seconds) {
  return std::chrono::microseconds(static_cast<int64_t>(1e6 * seconds));
}

}  // namespace

Coordinator::Coordinator(AsyncServer server, ServerFiles files, const CoordinatorOptions& options)
    : server_(std::move(server)),
      elements_(server_.parameters().size()),
      type_(server_.parameters().type()),
      files_(std::move(files)),
      options_(options) {
  recover();
  applier_ = std::make_unique<Applier>(server_.vectors(), files_.snapshots());
}

void Coordinator::require_working() const {
  files_.journal().require_working();
  files_.snapshots().require_working();
  applier_->require_working();
}

void Coordinator::wait_until_told(Lock& lock, const Settled& place) const {
  files_.journal().wake();
  lock.unlock();
  const Time end = Clock::now() + microseconds(options_.disk_patience);
  if (!files_.journal().wait_until(place.in_journal, end) || !applier_->wait_until(place.in_vectors, end))
    throw LostPeer("the server's disk has not taken it yet; try again");
}

MemberIdentity Coordinator::join(const std::string& name, std::optional<double> seconds_per_step,
                                 const std::optional<MemberIdentity>& previous) {
  Lock lock(mutex_);
  require_working();
  int64_t number = members_.free_number();
  if (previous && members_.find(*previous)) remove(previous->worker);
  if (previous && previous->worker >= 0 && decisions().dispatcher().known(previous->worker) &&
      !members_.contains(previous->worker))
    number = previous->worker;
  if (members_.count() >= options_.most_members) {
    ++refused_["no_room"];
    throw Error("the server has as many workers as it takes: " + std::to_string(options_.most_members));
  }
  const int64_t session = new_session();
  if (!has_ended()) decide(WorkerJoined{number, now(), seconds_per_step, session});
  Member& one = members_[number];
  one.session = session;
  one.name = name;
  one.heard = Clock::now();
  const Settled joined = latest();
  release_if_due();
  wait_until_told(lock, joined);
  return {number, session};
}

Settled Coordinator::remove(int64_t worker) {
  if (!has_ended()) {
    const Settled place = decide(WorkerLeft{worker, now()});
    removed_ = place.in_journal;
    return place;
  }
  members_.erase(worker);
  return latest();
}

void Coordinator::leave(const MemberIdentity& who) {
  Lock lock(mutex_);
  require_working();
  if (!members_.find(who)) return;
  const Settled left = remove(who.worker);
  release_if_due();
  wait_until_told(lock, left);
}

GivenRound Coordinator::next_round(const MemberIdentity& who, Time until) {
  Lock lock(mutex_);
  using Answer = GivenRound::Answer;
  const auto told = [&](const GivenRound& given, const Settled& place) {
    wait_until_told(lock, place);
    return given;
  };
  while (true) {
    require_working();
    Member* const one = members_.find(who);
    if (one != nullptr && has_ended()) one->knows = true;
    if (has_ended()) return told({.answer = Answer::finished}, {end_, 0});
    if (one == nullptr) return told({.answer = Answer::unknown}, {removed_, 0});
    const Assignment* const open = decisions().dispatcher().open_assignment(who.worker);
    // A round whose start is not kept any more cannot be given once more: the worker joins anew.
    if (open != nullptr && !one->start) return {.answer = Answer::unknown};
    if (open != nullptr) return told({Answer::round, *open, one->start}, one->given);
    const Time now = Clock::now();
    if (now >= until) return {.answer = Answer::wait};
    const double seconds = decisions().dispatcher().grace_closes().value_or(0) - this->now();
    changed_.wait_until(lock, std::min(until, now + microseconds(std::clamp(seconds, 0.02, 1.0))));
    lock.unlock();
    look();
    lock.lock();
  }
}

void Coordinator::fetched(const MemberIdentity& who, int64_t sequence, int64_t bytes) {
  const std::lock_guard lock(mutex_);
  Member* const one = members_.find(who);
  bytes_out_ += bytes;
  if (one == nullptr) return;
  one->bytes_out += bytes;
  const Assignment* const open = decisions().dispatcher().open_assignment(who.worker);
  if (open != nullptr && open->sequence == sequence && one->start) {
    one->start = nullptr;
    one->received = now();
  }
}

Coordinator::Heard Coordinator::beat(const MemberIdentity& who, int64_t steps_done) {
  Lock lock(mutex_);
  require_working();
  Member* const one = members_.find(who);
  const Heard heard{one != nullptr, ended_on_disk()};
  if (one == nullptr) {
    wait_until_told(lock, {removed_, 0});
    return heard;
  }
  one->steps_done = steps_done;
  if (heard.finished) one->knows = true;
  return heard;
}

void Coordinator::refuse(const std::string& reason) {
  const std::lock_guard lock(mutex_);
  ++refused_[reason];
}

// Nothing here waits for the disk, since no reply rests on it. After the end silent workers stay members, so
// that a slow one can still learn of the end.
void Coordinator::look() {
  const std::lock_guard lock(mutex_);
  require_working();
  const Time now = Clock::now();
  forgive_own_silence(now);
  if (has_ended()) return;
  for (const int64_t worker : members_.silent_since(now - microseconds(options_.lease))) {
    remove(worker);
    ++refused_["gone_silent"];
  }
  release_if_due();
  files_.journal().wake();
}

// Signs of life that came while this process was stopped have not been read yet.
void Coordinator::forgive_own_silence(Time now) {
  constexpr std::chrono::milliseconds usual(500);
  const auto stood_still = now - last_look_;
  last_look_ = now;
  if (stood_still >= usual) members_.forgive(now, stood_still);
}

}  // namespace muster::inline serve
