#include "muster/serve/journal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <future>
#include <utility>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/rendezvous/quiet_thread.h"

namespace muster::inline serve {

namespace {

using Clock = std::chrono::steady_clock;

std::string beside(const std::string& path) { return path + ".new"; }

// How long it pays to wait for the rest of a group: workers that were answered together send their next
// events together, and one that is late waits for a whole flush. 0 where flushes are fast.
std::chrono::microseconds gathering_time(std::chrono::microseconds last_flush) {
  constexpr std::chrono::microseconds fast(2000), longest(10000);
  return last_flush < fast ? std::chrono::microseconds(0) : std::min(last_flush / 8, longest);
}

}  // namespace

Journal::Journal(const ServerFileNames& names, JournalOptions options)
    : names_(names),
      options_(std::move(options)),
      next_{options_.number, options_.events, 0},
      mark_(names.mark()),
      contributions_(options_.contributions) {
  begin(next_);
  log_->sync();
  put_in_place();
  mark_.write({number_, log_->position(), options_.events, contributions_});
  mark_.sync();
  thread_ = quiet_thread([this] { run(); });
}

Journal::~Journal() {
  work_.end();
  thread_.join();
}

uint64_t Journal::append(const ServerEvent& event) {
  ++next_.first_event;
  return work_.put(event);
}

Rotation Journal::rotate() {
  ++next_.number;
  Rotation rotation = next_;
  rotation.place = work_.put(rotation);
  return rotation;
}

void Journal::run() {
  size_t last_group = 0;
  try {
    while (true) {
      std::deque<Item> items = work_.take(last_group, gathering_time(last_flush_));
      if (items.empty()) return;
      write(items);
      last_group = items.size();
      items.clear();  // frees the vectors before their callers are answered
      work_.did(last_group);
    }
  } catch (const std::exception& problem) {  // whatever it was: nothing more is promised
    work_.fail(problem.what());
  }
}

void Journal::write(const std::deque<Item>& items) {
  for (const Item& item : items) {
    if (const auto* rotation = std::get_if<Rotation>(&item)) {
      if (full_) flush();
      full_ = std::exchange(log_, std::nullopt);
      begin(*rotation);
      continue;
    }
    const auto& event = std::get<ServerEvent>(item);
    log_->append(event);
    if (std::holds_alternative<Contribution>(event)) ++contributions_;
  }
  flush();
}

// A new file has another name until all before it is on the disk: its first event's number promises all
// events before that number.
void Journal::begin(const Rotation& rotation) {
  number_ = rotation.number;
  const std::string path = beside(names_.journal(number_));
  std::remove(path.c_str());  // left by an interrupted rotation, or a link: never written through
  log_.emplace(path, options_.identity, rotation.first_event);
}

// The mark is written when the events before it are on the disk. It outlives the process at once; where the
// machine stops, an older mark may come back, and more of the end counts as not promised.
void Journal::flush() {
  const auto began = Clock::now();
  if (full_) {
    auto both = std::async(std::launch::async, [this] { full_->sync(); });
    log_->sync();
    both.get();
    full_.reset();
    put_in_place();
  } else {
    log_->sync();
    last_flush_ = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - began);
  }
  mark_.write({number_, log_->position(), log_->number(), contributions_});
}

void Journal::put_in_place() {
  const std::string path = names_.journal(number_);
  if (std::rename(beside(path).c_str(), path.c_str()) != 0)
    throw FileError(fmt::format("cannot write '{}': {}", path, std::strerror(errno)));
  sync_to_disk(names_.folder());
  log_->moved_to(path);
}

}  // namespace muster::inline serve
