#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "muster/rendezvous/key_values.h"

namespace muster {

/// Where a StoreServer listens.
struct StoreEndpoint {
  std::string address;
  int port = 0;
  std::string token;
};

/// Keys and values of a StoreServer. A connection of its own; may be used by several threads, whose calls
/// then wait for each other. Every call throws LostPeer when the server is gone, Error when it refuses.
class StoreClient final : public KeyValues {
 public:
  /// Tries until `within` has passed (the server may not stand yet).
  StoreClient(const StoreEndpoint& endpoint, std::chrono::milliseconds within);
  ~StoreClient() override;
  StoreClient(const StoreClient&) = delete;
  StoreClient& operator=(const StoreClient&) = delete;

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
  std::unique_ptr<Connection> connection_;
};

}  // namespace muster
