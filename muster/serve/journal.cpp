#include "muster/serve/journal.h"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/rendezvous/quiet_thread.h"
#include "muster/serve/snapshot.h"

namespace muster {

Journal::Journal(const ServerFileNames& names, JournalOptions options, const State& state)
    : names_(names), options_(std::move(options)), mark_(names.mark()) {
  begin(state);
  thread_ = quiet_thread([this] { run(); });
}

Journal::~Journal() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  asked_.notify_all();
  thread_.join();
}

uint64_t Journal::put(Item item) {
  const std::lock_guard lock(mutex_);
  items_.push_back(std::move(item));
  asked_.notify_all();
  return ++put_;
}

uint64_t Journal::append(const ServerEvent& event) { return put(event); }
uint64_t Journal::snapshot(State state) { return put(std::move(state)); }

uint64_t Journal::last() const {
  const std::lock_guard lock(mutex_);
  return put_;
}

bool Journal::done(uint64_t place) const {
  const std::lock_guard lock(mutex_);
  return done_ >= place;
}

void Journal::wait(uint64_t place) {
  std::unique_lock lock(mutex_);
  answered_.wait(lock, [&] { return done_ >= place || failure_; });
  if (done_ < place) throw FileError(*failure_);
}

bool Journal::wait_for(uint64_t place, double seconds) {
  std::unique_lock lock(mutex_);
  answered_.wait_for(lock, std::chrono::milliseconds(static_cast<int64_t>(1000 * seconds)),
                     [&] { return done_ >= place || failure_; });
  if (done_ < place && failure_) throw FileError(*failure_);
  return done_ >= place;
}

void Journal::require_working() const {
  const std::lock_guard lock(mutex_);
  if (failure_) throw FileError(*failure_);
}

void Journal::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    asked_.wait(lock, [&] { return ends_ || !items_.empty(); });
    if (items_.empty()) return;
    const std::deque<Item> items = std::exchange(items_, {});
    lock.unlock();
    std::optional<std::string> failure;
    try {
      write(items);
    } catch (const std::exception& problem) {  // whatever it was: nothing more is promised
      failure = problem.what();
    }
    lock.lock();
    if (!failure) continue;
    failure_ = failure;
    answered_.notify_all();
    return;
  }
}

void Journal::on_the_disk(size_t items) {
  const std::lock_guard lock(mutex_);
  done_ += items;
  answered_.notify_all();
}

void Journal::write(const std::deque<Item>& items) {
  size_t written = 0;
  for (const Item& item : items) {
    ++written;
    if (const auto* state = std::get_if<State>(&item)) {
      sync();
      on_the_disk(written - 1);
      written = 1;
      ++options_.number;
      begin(*state);
      continue;
    }
    const auto& event = std::get<ServerEvent>(item);
    log_->append(event);
    if (std::holds_alternative<Contribution>(event)) ++options_.contributions;
  }
  sync();
  on_the_disk(written);
}

// The mark is written when the events before it are on the disk. It outlives the process at once; where the
// machine stops, an older mark may come back, and more of the end counts as not promised.
void Journal::sync() {
  log_->sync();
  mark_.write({options_.number, log_->position(), log_->number(), options_.contributions});
}

// The journal before its snapshot: a snapshot without its journal, or a journal that the mark names and that
// is not there, is always damage.
void Journal::begin(const State& state) {
  const uint64_t first = log_ ? log_->number() : options_.events;
  const std::string path = names_.journal(options_.number), beside = path + ".new";
  std::remove(beside.c_str());  // what an interrupted one left, or a link: never written through
  EventLogWriter fresh(beside, options_.identity, first);
  fresh.sync();
  if (std::rename(beside.c_str(), path.c_str()) != 0)
    throw FileError(fmt::format("cannot write '{}': {}", path, std::strerror(errno)));
  sync_to_disk(names_.folder());
  log_.reset();
  log_.emplace(std::move(fresh));
  log_->moved_to(path);
  mark_.write({options_.number, log_->position(), first, options_.contributions});
  mark_.sync();
  State whole = state;
  whole.numbers.set("events", static_cast<int64_t>(first));
  write_snapshot(names_.snapshot(options_.number), whole);
  if (!options_.keep_all) remove_old();
  options_.keep_from = options_.number;
}

void Journal::remove_old() const {
  const auto remove = [&](const std::vector<int64_t>& numbers, auto path_of) {
    for (const int64_t number : numbers) {
      std::error_code ignored;  // what stays is only in the way
      if (number < options_.keep_from) std::filesystem::remove(path_of(number), ignored);
    }
  };
  remove(names_.snapshots(), [&](int64_t number) { return names_.snapshot(number); });
  remove(names_.journals(), [&](int64_t number) { return names_.journal(number); });
}

}  // namespace muster
