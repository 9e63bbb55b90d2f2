#include "muster/rendezvous/attendance.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "muster/base/error.h"
#include "muster/rendezvous/live_link.h"
#include "muster/rendezvous/protocol.h"
#include "muster/rendezvous/store_link.h"

namespace muster::inline rendezvous {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// Time limit for answers that a server gives at once.
constexpr milliseconds answer_time = std::chrono::seconds(5);
constexpr milliseconds farewell_time{500};

/// How often a waiting member asks whom it waits for.
constexpr milliseconds ask_every = std::chrono::seconds(5);

milliseconds bounded(milliseconds within) {
  return std::clamp<milliseconds>(within, milliseconds(0), std::chrono::hours(24 * 7));
}

StoreLink joined(const StoreEndpoint& endpoint, const std::string& name, int wish, const Identity& identity,
                 milliseconds within, int64_t process, Waits* waits) {
  StoreLink link(endpoint, Clock::now() + bounded(within), waits);
  constexpr int64_t number = 1;
  const MessageWriter fields =
      MessageWriter().text(name).number(wish).text(to_text(identity)).number(process);
  const SteadyTime deadline = Clock::now() + answer_time;
  link.send(request_of(Request::join, number).append(fields).frame(), deadline);
  const std::string message = link.receive(deadline);
  MessageReader reply(message);
  read_outcome(reply, number);
  reply.finish();
  return link;
}

/// "rank 2, rank 3 and 5 more".
std::string words_for(const Missing& missing) {
  std::string words;
  for (const std::string& name : missing.names) words += (words.empty() ? "" : ", ") + name;
  const int64_t more = missing.count - static_cast<int64_t>(missing.names.size());
  if (more > 0) words += " and " + std::to_string(more) + " more";
  return words.empty() ? "the other processes" : words;
}

}  // namespace

/// The connection, and the number of the generation that this member is in.
class Attendance::Beat {
 public:
  Beat(StoreLink joined_link, Waits* noted)
      : store(joined_link.name()), waits(noted), link(std::move(joined_link)) {}

  const std::string store;
  Waits* const waits;
  LiveLink link;
  std::atomic<int64_t> present = -1;
};

Attendance::Attendance(const StoreEndpoint& endpoint, const std::string& name, int wish,
                       const Identity& identity, milliseconds within, int64_t process, Waits* waits)
    : beat_(std::make_unique<Beat>(joined(endpoint, name, wish, identity, within, process, waits), waits)) {}

Attendance::~Attendance() {
  try {
    beat_->link.call(Request::leave, MessageWriter(), Clock::now() + farewell_time);
  } catch (const Error&) {
    // The server is gone: there is nobody to tell.
  }
}

std::string Attendance::waited_for(Request kind, const MessageWriter& fields, const std::string& where) {
  const Waits::Note note(beat_->waits,
                         {.whom = "the other processes", .where = where, .reported_elsewhere = true});
  const int64_t number = beat_->link.ask(kind, fields);
  while (true) {
    if (auto reply = beat_->link.reply(number, Clock::now() + ask_every)) return std::move(*reply);
    const auto answer = beat_->link.call(Request::missing, MessageWriter(), Clock::now() + answer_time);
    if (!answer) continue;
    MessageReader reader(*answer);
    const Missing missing = missing_from(reader);
    if (missing.here == 0) continue;  // the reply is under way
    note.change({.whom = words_for(missing),
                 .where = where,
                 .state = std::to_string(missing.here) + " are here, at " + beat_->store,
                 .until = missing.left ? std::optional(Clock::now() + *missing.left) : std::nullopt,
                 .optional = missing.enough,
                 .reported_elsewhere = !missing.first});
  }
}

Generation Attendance::gather(int64_t version, int64_t held_in) {
  const std::string fields =
      waited_for(Request::gather, MessageWriter().number(version).number(held_in), "to form a group");
  MessageReader reply(fields);
  const Generation formed = generation_from(reply);
  beat_->present = formed.number;
  return formed;
}

bool Attendance::confirm(const Generation& generation, bool connected) {
  const MessageWriter word = MessageWriter().number(generation.number).byte(connected);
  const std::string fields = waited_for(Request::confirm, word, "to connect to the group");
  return MessageReader(fields).byte() != 0;
}

bool Attendance::broken() const {
  const News news = beat_->link.news();
  return news.expelled || (beat_->present >= 0 && news.broken >= beat_->present);
}

bool Attendance::newcomers() const { return beat_->link.news().newcomers; }

bool Attendance::expelled() const { return beat_->link.news().expelled; }

milliseconds Attendance::lease() const { return beat_->link.lease(); }

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

}  // namespace muster::inline rendezvous
