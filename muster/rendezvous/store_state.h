#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "muster/rendezvous/sockets.h"

namespace muster::inline rendezvous {

/// Keys, values and pending waits: what a StoreServer keeps, without clock and network of its own. The calls
/// mean what they mean in KeyValues (key_values.h).
class StoreState {
 public:
  void set(const std::string& key, const std::string& value);
  std::optional<std::string> get(const std::string& key) const;
  bool check(const std::vector<std::string>& keys) const;
  /// Throws Error when the key holds no number, or the sum is none.
  int64_t add(const std::string& key, int64_t by);
  std::string compare_set(const std::string& key, const std::string& expected, const std::string& wanted);
  bool remove(const std::string& key);
  int64_t count() const { return static_cast<int64_t>(values_.size()); }

  /// Who asked, and the number of the request.
  struct Ticket {
    uint64_t connection = 0;
    int64_t request = 0;
  };
  struct Answer {
    Ticket ticket;
    bool found = false;
    std::optional<std::string> value;  ///< where it was asked for
  };
  /// Waits for all the keys; `with_value`: the answer shall hold the value of the first. The answer is ready
  /// at once, after a set(), or after expire().
  void park(const Ticket& ticket, const std::vector<std::string>& keys, bool with_value, SteadyTime deadline);
  void expire(SteadyTime now);
  /// Forgets what this connection waits for.
  void forget(uint64_t connection);
  std::optional<SteadyTime> next_deadline() const;
  std::vector<Answer> take_answers();

 private:
  struct Wait {
    Ticket ticket;
    std::vector<std::string> keys;
    bool with_value = false;
    SteadyTime deadline;
    std::string missing;  ///< one of the keys that are not set
  };
  /// Answers, or notes a key that is missing.
  void look(uint64_t number, Wait wait);
  void drop(uint64_t number);

  std::map<std::string, std::string> values_;
  std::map<uint64_t, Wait> waits_;
  std::map<std::string, std::set<uint64_t>> waiting_for_;
  uint64_t next_wait_ = 0;
  std::vector<Answer> answers_;
};

}  // namespace muster::inline rendezvous
