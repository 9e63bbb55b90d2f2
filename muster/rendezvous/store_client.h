#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "muster/rendezvous/key_values.h"

namespace muster::inline rendezvous {

class Waits;

/// Where a StoreServer listens.
struct StoreEndpoint {
  std::string address;
  int port = 0;
  std::string token;
  bool has_stood = false;  ///< this process has reached it before: a port that nobody serves means its end
};

/// Keys and values of a StoreServer. A connection of its own; may be used by several threads, whose calls
/// take turns. Every call throws LostPeer when the server is gone, Error when it refuses.
class StoreClient final : public KeyValues {
 public:
  /// Tries until `within` has passed (the server may not stand yet); noted in `waits`, where there are any.
  StoreClient(const StoreEndpoint& endpoint, std::chrono::milliseconds within, Waits* waits = nullptr);
  ~StoreClient() override;
  StoreClient(const StoreClient&) = delete;
  StoreClient& operator=(const StoreClient&) = delete;

  /// Makes a new connection, after this process was stopped, perhaps in the middle of a call, or the network
  /// was down. Throws LostPeer when nobody listens at the server's port any more, or no connection came about
  /// in time. REQUIRES: no other thread uses this one.
  void reconnect(std::chrono::milliseconds within);
  /// Every call throws LostPeer until reconnect().
  bool lost() const;

  void set(const std::string& key, const std::string& value) override;
  std::optional<std::string> get(const std::string& key, std::chrono::milliseconds within) override;
  bool wait(const std::vector<std::string>& keys, std::chrono::milliseconds within) override;
  bool check(const std::vector<std::string>& keys) override;
  int64_t add(const std::string& key, int64_t by) override;
  std::string compare_set(const std::string& key, const std::string& expected,
                          const std::string& wanted) override;
  bool remove(const std::string& key) override;
  int64_t count() override;

 private:
  class Connection;
  StoreEndpoint endpoint_;
  Waits* waits_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace muster::inline rendezvous
