#pragma once

#include <condition_variable>
#include <map>
#include <mutex>

#include "muster/rendezvous/key_values.h"

namespace muster::test {

/// Keys and values for ranks that are threads of one process.
class MemoryStore final : public KeyValues {
 public:
  void set(const std::string& key, const std::string& value) override {
    const std::lock_guard lock(mutex_);
    values_[key] = value;
    changed_.notify_all();
  }
  std::optional<std::string> get(const std::string& key, std::chrono::milliseconds within) override {
    if (!wait({key}, within)) return std::nullopt;
    const std::lock_guard lock(mutex_);
    return values_[key];
  }
  bool wait(const std::vector<std::string>& keys, std::chrono::milliseconds within) override {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, within, [&] { return all(keys); });
  }
  bool check(const std::vector<std::string>& keys) override {
    const std::lock_guard lock(mutex_);
    return all(keys);
  }
  int64_t add(const std::string& key, int64_t by) override {
    const std::lock_guard lock(mutex_);
    const int64_t sum = (values_.contains(key) ? std::stoll(values_[key]) : 0) + by;
    values_[key] = std::to_string(sum);
    changed_.notify_all();
    return sum;
  }
  std::string compare_set(const std::string& key, const std::string& expected,
                          const std::string& wanted) override {
    const std::lock_guard lock(mutex_);
    const auto found = values_.find(key);
    if (found == values_.end() ? !expected.empty() : found->second != expected)
      return found == values_.end() ? expected : found->second;
    values_[key] = wanted;
    changed_.notify_all();
    return wanted;
  }
  bool remove(const std::string& key) override {
    const std::lock_guard lock(mutex_);
    return values_.erase(key) > 0;
  }
  int64_t count() override {
    const std::lock_guard lock(mutex_);
    return static_cast<int64_t>(values_.size());
  }

 private:
  bool all(const std::vector<std::string>& keys) const {
    for (const std::string& key : keys)
      if (!values_.contains(key)) return false;
    return true;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::string> values_;
};

}  // namespace muster::test
