#include "muster/rendezvous/request_handler.h"

#include <algorithm>
#include <utility>

#include "muster/base/error.h"

namespace muster::inline rendezvous {

namespace {

constexpr int64_t most_ranks = 1'000'000;

/// Limit for the time that a request may wait; longer waits are cut to it.
constexpr int64_t longest_wait_ms = int64_t{7} * 24 * 3600 * 1000;

SteadyTime after_milliseconds(SteadyTime now, int64_t milliseconds) {
  return now + std::chrono::milliseconds(std::clamp<int64_t>(milliseconds, 0, longest_wait_ms));
}

/// The fields of a reply that holds the membership's answer.
struct Fields {
  MessageWriter& reply;
  void operator()(const Generation& generation) const { write_generation(reply, generation); }
  void operator()(bool yes) const { reply.byte(yes); }
  void operator()(int64_t step) const { reply.number(step); }
  void operator()(const Membership::Lost& lost) const { reply.text(lost.why); }
};

}  // namespace

void RequestHandler::receive(Connection from, std::string_view message, SteadyTime now) {
  MessageReader fields(message);
  const auto kind = static_cast<Request>(fields.byte());
  const int64_t number = fields.number();
  if (number <= 0) throw DataError("a request's number must be above 0");
  try {
    if (!serve_keys(from, kind, number, fields, now) && !serve_waits(from, kind, number, fields, now))
      serve_member(from, kind, number, fields, now);
  } catch (const DataError&) {
    throw;
  } catch (const Error& error) {
    send(from, reply_to(number, Outcome::refused).text(error.what()));
  }
}

bool RequestHandler::serve_keys(Connection from, Request kind, int64_t number, MessageReader& fields,
                                SteadyTime) {
  MessageWriter reply = reply_to(number, Outcome::done);
  if (kind == Request::set) {
    const std::string key = fields.text();
    const std::string value = fields.text();
    fields.finish();
    state_.set(key, value);
  } else if (kind == Request::check) {
    const std::vector<std::string> keys = fields.texts();
    fields.finish();
    reply.byte(state_.check(keys));
  } else if (kind == Request::add) {
    const std::string key = fields.text();
    const int64_t by = fields.number();
    fields.finish();
    reply.number(state_.add(key, by));
  } else if (kind == Request::compare_set) {
    const std::string key = fields.text();
    const std::string expected = fields.text();
    const std::string wanted = fields.text();
    fields.finish();
    reply.text(state_.compare_set(key, expected, wanted));
  } else if (kind == Request::remove) {
    const std::string key = fields.text();
    fields.finish();
    reply.byte(state_.remove(key));
  } else if (kind == Request::count) {
    fields.finish();
    reply.number(state_.count());
  } else {
    return false;
  }
  send(from, reply);
  return true;
}

bool RequestHandler::serve_waits(Connection from, Request kind, int64_t number, MessageReader& fields,
                                 SteadyTime now) {
  if (kind != Request::get && kind != Request::wait) return false;
  const bool with_value = kind == Request::get;
  const std::vector<std::string> keys = with_value ? std::vector{fields.text()} : fields.texts();
  const SteadyTime deadline = after_milliseconds(now, fields.number());
  fields.finish();
  state_.park({from, number}, keys, with_value, deadline);
  if (deadline <= now) state_.expire(now);
  return true;
}

void RequestHandler::serve_member(Connection from, Request kind, int64_t number, MessageReader& fields,
                                  SteadyTime now) {
  if (kind == Request::join) return join(from, number, fields, now);
  if (kind < Request::join || kind > Request::missing) throw DataError("a request of an unknown kind");
  if (!members_.contains(from)) throw Error("only a member may ask this: join first");
  if (kind == Request::gather) {
    const int64_t version = fields.number();
    const int64_t held_in = fields.number();
    fields.finish();
    park(from, Membership::Call::gather, number);
    membership_.gather(from, version, now, held_in);
  } else if (kind == Request::confirm) {
    const int64_t generation = fields.number();
    const bool connected = fields.byte() != 0;
    fields.finish();
    park(from, Membership::Call::confirm, number);
    membership_.confirm(from, generation, connected, now);
  } else if (kind == Request::stop_step) {
    const int64_t step = fields.number();
    fields.finish();
    members_[from].waiting.erase(Membership::Call::stop_step);  // it no longer waits for an earlier answer
    park(from, Membership::Call::stop_step, number);
    membership_.say_stop_step(from, step);
  } else if (kind == Request::missing) {
    fields.finish();
    MessageWriter reply = reply_to(number, Outcome::done);
    write_missing(reply, membership_.missing(from, now));
    send(from, reply);
  } else {
    fields.finish();
    if (kind == Request::ask_to_stop) membership_.ask_to_stop();
    done(from, number);
    if (kind != Request::leave) return;
    membership_.leave(from, now);
    members_.erase(from);
  }
}

void RequestHandler::join(Connection from, int64_t number, MessageReader& fields, SteadyTime now) {
  const std::string name = fields.text();
  const int64_t wish = fields.number();
  const Identity identity = identity_from_text(fields.text());
  const int64_t process = fields.number();
  fields.finish();
  if (wish < -1 || wish > most_ranks) throw DataError("a rank that cannot be");
  const auto refusal = membership_.join(from, name, static_cast<int>(wish), identity, now, process);
  if (refusal) throw Error(*refusal);
  members_[from] = {};
  done(from, number);
}

void RequestHandler::park(Connection from, Membership::Call call, int64_t number) {
  if (!members_[from].waiting.emplace(call, number).second)
    throw Error("this member waits for an answer to the same question already");
}

void RequestHandler::heard(Connection from, SteadyTime now) { membership_.heard(from, now); }

void RequestHandler::close(Connection connection, SteadyTime now) {
  state_.forget(connection);
  if (members_.erase(connection) > 0) membership_.lose(connection, now);
}

void RequestHandler::pass(SteadyTime now) {
  state_.expire(now);
  membership_.pass(now);
}

std::optional<SteadyTime> RequestHandler::next_deadline() const {
  const auto keys = state_.next_deadline();
  const auto members = membership_.next_deadline();
  return keys && members ? std::min(*keys, *members) : keys ? keys : members;
}

std::vector<RequestHandler::OutgoingMessage> RequestHandler::take_messages() {
  // News first: a member must not get news of an earlier generation after it was given a new one.
  write_news();
  write_answers();
  return std::exchange(messages_, {});
}

void RequestHandler::write_news() {
  if (told_changes_ == membership_.changes()) return;
  told_changes_ = membership_.changes();
  for (auto& [connection, member] : members_) {
    const News news = membership_.news(connection);
    if (news == member.told) continue;
    member.told = news;
    messages_.push_back({connection, news_frame(news)});
  }
}

void RequestHandler::write_answers() {
  for (const Membership::Answer& answer : membership_.take_answers()) {
    const auto member = members_.find(answer.member);
    if (member == members_.end()) continue;
    const auto request = member->second.waiting.extract(answer.call);
    if (request.empty()) continue;
    const bool lost = std::holds_alternative<Membership::Lost>(answer.what);
    MessageWriter reply = reply_to(request.mapped(), lost ? Outcome::lost : Outcome::done);
    std::visit(Fields{reply}, answer.what);
    send(answer.member, reply);
  }
  for (const StoreState::Answer& answer : state_.take_answers()) {
    MessageWriter reply = reply_to(answer.ticket.request, Outcome::done).byte(answer.found);
    if (answer.value) reply.text(*answer.value);
    send(answer.ticket.connection, reply);
  }
}

void RequestHandler::send(Connection to, const MessageWriter& message) {
  messages_.push_back({to, message.frame()});
}

}  // namespace muster::inline rendezvous
