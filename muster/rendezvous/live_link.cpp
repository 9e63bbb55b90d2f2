#include "muster/rendezvous/live_link.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "muster/base/error.h"
#include "muster/rendezvous/quiet_thread.h"
#include "muster/rendezvous/sockets.h"

namespace muster::inline rendezvous {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int64_t beat_number = 1;  // of all beats: nobody waits for their answers
constexpr int beats_per_lease = 5;
constexpr milliseconds shortest_interval{10};
constexpr milliseconds longest_interval{2000};

}  // namespace

LiveLink::LiveLink(StoreLink link)
    : link_(std::move(link)),
      waker_(make_waker()),
      interval_(std::clamp(link_.lease() / beats_per_lease, shortest_interval, longest_interval)),
      next_beat_(Clock::now()) {
  thread_ = quiet_thread([this] {
    try {
      run();
    } catch (const std::exception& error) {
      lose(fmt::format("{}: {}", link_.name(), error.what()));
    }
  });
}

LiveLink::~LiveLink() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake(waker_);
  thread_.join();
}

std::optional<std::string> LiveLink::call(Request kind, const MessageWriter& fields,
                                          std::optional<SteadyTime> deadline) {
  const int64_t number = ask(kind, fields);
  auto fields_of_reply = reply(number, deadline);
  if (!fields_of_reply) forget(number);
  return fields_of_reply;
}

int64_t LiveLink::ask(Request kind, const MessageWriter& fields) {
  const std::lock_guard lock(mutex_);
  if (!lost_.empty()) throw LostPeer(lost_);
  const int64_t number = ++last_number_;
  outgoing_ += request_of(kind, number).append(fields).frame();
  calls_[number];
  wake(waker_);
  return number;
}

std::optional<std::string> LiveLink::reply(int64_t number, std::optional<SteadyTime> deadline) {
  std::unique_lock lock(mutex_);
  const auto over = [&] { return calls_.at(number).has_value() || !lost_.empty(); };
  if (deadline)
    changed_.wait_until(lock, *deadline, over);
  else
    changed_.wait(lock, over);
  if (!calls_.at(number)) {
    if (lost_.empty()) return std::nullopt;
    calls_.erase(number);
    throw LostPeer(lost_);
  }
  const std::string message = calls_.extract(number).mapped().value();
  MessageReader reader(message);
  read_outcome(reader, number);
  return std::string(reader.rest());
}

void LiveLink::forget(int64_t number) {
  const std::lock_guard lock(mutex_);
  calls_.erase(number);
}

News LiveLink::news() const {
  const std::lock_guard lock(mutex_);
  return news_;
}

std::string LiveLink::lost() const {
  const std::lock_guard lock(mutex_);
  return lost_;
}

void LiveLink::run() {
  const milliseconds silence = 2 * link_.lease();
  SteadyTime last_turn = Clock::now();
  while (true) {
    const SteadyTime now = Clock::now();
    // This thread was itself stopped, and perhaps the server with it (a stopped job): the time for an answer
    // starts anew.
    if (unanswered_since_ && now - last_turn > link_.lease()) unanswered_since_ = now;
    last_turn = now;
    beat_if_due(now);
    write_out();
    std::array<pollfd, 2> ready{{{link_.descriptor(), POLLIN, 0}, {waker_.number(), POLLIN, 0}}};
    {
      const std::lock_guard lock(mutex_);
      if (stop_) return;
      if (!outgoing_.empty()) ready[0].events |= POLLOUT;
    }
    ::poll(ready.data(), ready.size(), poll_milliseconds(now, next_beat_));
    take_wake(waker_);
    if (!read_in()) return;
    // Judged by the time before poll(): what came while this thread slept has been read.
    if (unanswered_since_ && now - *unanswered_since_ > silence)
      return lose(fmt::format("{} has been silent for {} ms", link_.name(), silence.count()));
  }
}

void LiveLink::beat_if_due(SteadyTime now) {
  if (now < next_beat_) return;
  next_beat_ = now + interval_;
  const std::lock_guard lock(mutex_);
  if (!outgoing_.empty()) return;  // the last one has not left yet
  outgoing_ += request_of(Request::beat, beat_number).frame();
  if (!unanswered_since_) unanswered_since_ = now;
}

void LiveLink::write_out() {
  const std::lock_guard lock(mutex_);
  while (!outgoing_.empty()) {
    const ssize_t count = ::send(link_.descriptor(), outgoing_.data(), outgoing_.size(), MSG_NOSIGNAL);
    // A connection that is gone is noticed by read_in(), after all that the server said before.
    if (count < 0) return;
    outgoing_.erase(0, static_cast<size_t>(count));
  }
}

bool LiveLink::read_in() {
  std::array<char, 65536> bytes;
  while (true) {
    while (const auto message = link_.incoming().next()) hear(*message);
    const ssize_t count = ::recv(link_.descriptor(), bytes.data(), bytes.size(), 0);
    if (count > 0) {
      unanswered_since_.reset();
      link_.incoming().append(std::string_view(bytes.data(), static_cast<size_t>(count)));
    } else if (count < 0 && try_later(errno)) {
      return true;
    } else {
      lose(fmt::format("{} is gone: {}", link_.name(),
                       count == 0 ? "it closed the connection" : std::strerror(errno)));
      return false;
    }
  }
}

void LiveLink::hear(const std::string& message) {
  MessageReader reader(message);
  const int64_t number = reader.number();
  const std::lock_guard lock(mutex_);
  if (number == 0) {
    if (static_cast<Outcome>(reader.byte()) != Outcome::news) throw DataError("news of an unknown kind");
    news_ = news_from(reader);
    return;
  }
  const auto found = calls_.find(number);
  if (found == calls_.end()) return;
  found->second = message;
  changed_.notify_all();
}

void LiveLink::lose(const std::string& why) {
  const std::lock_guard lock(mutex_);
  lost_ = why;
  changed_.notify_all();
}

}  // namespace muster::inline rendezvous
