#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/rendezvous/membership.h"
#include "muster/rendezvous/store_state.h"

namespace muster::inline rendezvous {

/// What a StoreServer does behind its sockets: reads requests, asks the keys or the membership, writes
/// messages. Connections are known by numbers, which are never used twice.
class RequestHandler {
 public:
  using Connection = uint64_t;
  struct OutgoingMessage {
    Connection to = 0;
    std::string frame;
  };

  explicit RequestHandler(const MembershipOptions& options) : membership_(options) {}

  /// Throws DataError when the message is no request.
  void receive(Connection from, std::string_view message, SteadyTime now);
  /// Bytes have arrived from there: a sign of life.
  void heard(Connection from, SteadyTime now);
  void close(Connection connection, SteadyTime now);
  void pass(SteadyTime now);
  void renew_leases(SteadyTime now) { membership_.renew_leases(now); }
  std::optional<SteadyTime> next_deadline() const;

  std::vector<OutgoingMessage> take_messages();
  const Membership& membership() const { return membership_; }

 private:
  /// A connection that has joined.
  struct Member {
    std::map<Membership::Call, int64_t> waiting;  ///< numbers of the requests
    News told;
  };

  bool serve_keys(Connection from, Request kind, int64_t number, MessageReader& fields, SteadyTime now);
  bool serve_waits(Connection from, Request kind, int64_t number, MessageReader& fields, SteadyTime now);
  void serve_member(Connection from, Request kind, int64_t number, MessageReader& fields, SteadyTime now);
  void join(Connection from, int64_t number, MessageReader& fields, SteadyTime now);
  /// The membership's answer to this call will be the reply to this request.
  void park(Connection from, Membership::Call call, int64_t number);
  void send(Connection to, const MessageWriter& message);
  void done(Connection to, int64_t number) { send(to, reply_to(number, Outcome::done)); }
  void write_news();
  void write_answers();

  Membership membership_;
  StoreState state_;
  std::map<Connection, Member> members_;
  uint64_t told_changes_ = 0;
  std::vector<OutgoingMessage> messages_;
};

}  // namespace muster::inline rendezvous
