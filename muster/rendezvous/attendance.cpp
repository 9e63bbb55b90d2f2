#include "muster/rendezvous/attendance.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "muster/base/error.h"
#include "muster/rendezvous/live_link.h"
#include "muster/rendezvous/protocol.h"
#include "muster/rendezvous/store_link.h"

namespace muster {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// For the answers that a server gives at once.
constexpr milliseconds answer_time = std::chrono::seconds(5);
constexpr milliseconds farewell_time{500};

milliseconds bounded(milliseconds within) {
  return std::clamp<milliseconds>(within, milliseconds(0), std::chrono::hours(24 * 7));
}

StoreLink joined(const StoreEndpoint& endpoint, const std::string& name, int wish, const Identity& identity,
                 milliseconds within) {
  StoreLink link(endpoint, Clock::now() + bounded(within));
  constexpr int64_t number = 1;
  const MessageWriter fields = MessageWriter().text(name).number(wish).text(to_text(identity));
  const SteadyTime deadline = Clock::now() + answer_time;
  link.send(request_of(Request::join, number).append(fields).frame(), deadline);
  const std::string message = link.receive(deadline);
  MessageReader reply(message);
  read_outcome(reply, number);
  reply.finish();
  return link;
}

}  // namespace

/// The connection, and the number of the generation that this member is in.
class Attendance::Beat {
 public:
  explicit Beat(StoreLink joined_link) : link(std::move(joined_link)) {}

  LiveLink link;
  std::atomic<int64_t> present = -1;
};

Attendance::Attendance(const StoreEndpoint& endpoint, const std::string& name, int wish,
                       const Identity& identity, milliseconds within)
    : beat_(std::make_unique<Beat>(joined(endpoint, name, wish, identity, within))) {}

Attendance::~Attendance() {
  try {
    beat_->link.call(Request::leave, MessageWriter(), Clock::now() + farewell_time);
  } catch (const Error&) {
    // The server is gone: nobody is left to take leave of.
  }
}

Generation Attendance::gather(int64_t version) {
  const std::string fields = beat_->link.call(Request::gather, MessageWriter().number(version)).value();
  MessageReader reply(fields);
  const Generation formed = generation_from(reply);
  beat_->present = formed.number;
  return formed;
}

bool Attendance::confirm(const Generation& generation, bool connected) {
  const MessageWriter word = MessageWriter().number(generation.number).byte(connected);
  const std::string fields = beat_->link.call(Request::confirm, word).value();
  return MessageReader(fields).byte() != 0;
}

bool Attendance::broken() const {
  const News news = beat_->link.news();
  return news.expelled || (beat_->present >= 0 && news.broken >= beat_->present);
}

bool Attendance::newcomers() const { return beat_->link.news().newcomers; }

bool Attendance::expelled() const { return beat_->link.news().expelled; }

bool Attendance::store_lost() const { return !beat_->link.lost().empty(); }

void Attendance::ask_to_stop() {
  beat_->link.call(Request::ask_to_stop, MessageWriter(), Clock::now() + answer_time);
}

bool Attendance::stop_wanted() const { return beat_->link.news().stop_wanted; }

std::optional<int64_t> Attendance::stop_step(int64_t step, milliseconds within) {
  const MessageWriter word = MessageWriter().number(step);
  const auto fields = beat_->link.call(Request::stop_step, word, Clock::now() + bounded(within));
  if (!fields) return std::nullopt;
  return MessageReader(*fields).number();
}

}  // namespace muster
