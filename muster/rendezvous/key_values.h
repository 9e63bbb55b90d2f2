#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace muster {

/// Keys and values that all processes of a run see. Every call throws LostPeer when who keeps them is gone.
class KeyValues {
 public:
  virtual ~KeyValues();
  virtual void set(const std::string& key, const std::string& value) = 0;
  /// Waits for the key to be set, at most so long; nothing when it has not been.
  virtual std::optional<std::string> get(const std::string& key, std::chrono::milliseconds within) = 0;
  /// All of them are set, now or within that time.
  virtual bool wait(const std::vector<std::string>& keys, std::chrono::milliseconds within) = 0;
  virtual bool check(const std::vector<std::string>& keys) = 0;
  /// The number behind the key (0 where it is not set) grows by `by`; returns the sum. Values are decimal
  /// text.
  virtual int64_t add(const std::string& key, int64_t by) = 0;
  /// Sets the key to `wanted` if it holds `expected` (or is not set and expected is empty); returns what it
  /// holds then; `expected` where it was not set and `expected` was not empty.
  virtual std::string compare_set(const std::string& key, const std::string& expected,
                                  const std::string& wanted) = 0;
  virtual bool remove(const std::string& key) = 0;
  virtual int64_t count() = 0;
};

}  // namespace muster
