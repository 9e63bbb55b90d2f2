#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace muster::inline rendezvous {

/// Keys and values that all processes of a run see. Every call throws LostPeer when their store is gone.
class KeyValues {
 public:
  virtual ~KeyValues();
  virtual void set(const std::string& key, const std::string& value) = 0;
  /// Waits for the key to be set, at most so long; nothing when it has not been.
  virtual std::optional<std::string> get(const std::string& key, std::chrono::milliseconds within) = 0;
  /// Waits for all of the keys to be set, at most that long; true when they are.
  virtual bool wait(const std::vector<std::string>& keys, std::chrono::milliseconds within) = 0;
  virtual bool check(const std::vector<std::string>& keys) = 0;
  /// Adds `by` to the number behind the key (0 where it is not set) and returns the sum. Values are decimal
  /// text.
  virtual int64_t add(const std::string& key, int64_t by) = 0;
  /// Sets the key to `wanted` if it holds `expected` (or is not set and `expected` is empty); returns what it
  /// holds afterwards, or `expected` where it is not set and `expected` is not empty.
  virtual std::string compare_set(const std::string& key, const std::string& expected,
                                  const std::string& wanted) = 0;
  virtual bool remove(const std::string& key) = 0;
  virtual int64_t count() = 0;
};

}  // namespace muster::inline rendezvous
