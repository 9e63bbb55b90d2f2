#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "muster/rendezvous/membership.h"
#include "muster/rendezvous/store_state.h"

namespace muster {

/// What a StoreServer does behind its sockets: reads a request, asks the keys or the membership, writes
/// letters. Knows connections by their numbers, which are never used twice.
class Desk {
 public:
  using Connection = uint64_t;
  struct Letter {
    Connection to = 0;
    std::string frame;
  };

  explicit Desk(const MembershipOptions& options) : membership_(options) {}

  /// Throws DataError when the message is no request.
  void receive(Connection from, std::string_view message, SteadyTime now);
  /// A byte came from there.
  void heard(Connection from, SteadyTime now);
  void close(Connection connection, SteadyTime now);
  void pass(SteadyTime now);
  void excuse(SteadyTime now) { membership_.excuse(now); }
  std::optional<SteadyTime> next_deadline() const;

  std::vector<Letter> take_letters();
  const Membership& membership() const { return membership_; }

 private:
  /// A connection that has joined.
  struct Seat {
    std::map<Membership::Call, int64_t> waiting;  ///< numbers of the requests
    News told;
  };

  bool serve_keys(Connection from, Request kind, int64_t number, MessageReader& fields, SteadyTime now);
  bool serve_waits(Connection from, Request kind, int64_t number, MessageReader& fields, SteadyTime now);
  void serve_member(Connection from, Request kind, int64_t number, MessageReader& fields, SteadyTime now);
  void join(Connection from, int64_t number, MessageReader& fields, SteadyTime now);
  /// The answer of the membership will belong to this request.
  void park(Connection from, Membership::Call call, int64_t number);
  void send(Connection to, const MessageWriter& message);
  void done(Connection to, int64_t number) { send(to, reply_to(number, Outcome::done)); }
  void write_news();
  void write_answers();

  Membership membership_;
  StoreState state_;
  std::map<Connection, Seat> seats_;
  uint64_t told_changes_ = 0;
  std::vector<Letter> letters_;
};

}  // namespace muster
