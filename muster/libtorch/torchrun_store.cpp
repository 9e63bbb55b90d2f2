#include "muster/libtorch/torchrun_store.h"

#include <chrono>
#include <string>
#include <thread>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <utility>
#include <vector>

#include "muster/base/error.h"

namespace muster::inline libtorch {

namespace {

using std::chrono::milliseconds;

/// Polling period for a key that torchrun's store does not hold yet.
constexpr milliseconds ask_every(10);

/// First line of c10d's error message.
std::string first_line(const std::exception& error) {
  const std::string text = error.what();
  return text.substr(0, text.find('\n'));
}

std::vector<uint8_t> bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

/// Adapts c10d's store to KeyValues.
class AsKeyValues final : public KeyValues {
 public:
  explicit AsKeyValues(c10::intrusive_ptr<c10d::Store> store) : store_(std::move(store)) {}

  void set(const std::string& key, const std::string& value) override {
    call([&] { store_->set(key, bytes_of(value)); });
  }
  std::optional<std::string> get(const std::string& key, milliseconds within) override {
    if (!wait({key}, within)) return std::nullopt;
    std::vector<uint8_t> value;
    call([&] { value = store_->get(key); });
    return std::string(value.begin(), value.end());
  }
  // Polls instead of calling c10d's wait(): one that times out leaves its connection out of step.
  bool wait(const std::vector<std::string>& keys, milliseconds within) override {
    const auto deadline = std::chrono::steady_clock::now() + within;
    while (!check(keys)) {
      if (std::chrono::steady_clock::now() >= deadline) return false;
      std::this_thread::sleep_for(ask_every);
    }
    return true;
  }
  bool check(const std::vector<std::string>& keys) override {
    bool all = false;
    call([&] { all = store_->check(keys); });
    return all;
  }
  int64_t add(const std::string& key, int64_t by) override {
    int64_t sum = 0;
    call([&] { sum = store_->add(key, by); });
    return sum;
  }
  std::string compare_set(const std::string& key, const std::string& expected,
                          const std::string& wanted) override {
    std::vector<uint8_t> held;
    call([&] { held = store_->compareSet(key, bytes_of(expected), bytes_of(wanted)); });
    return {held.begin(), held.end()};
  }
  bool remove(const std::string& key) override {
    bool removed = false;
    call([&] { removed = store_->deleteKey(key); });
    return removed;
  }
  int64_t count() override {
    int64_t keys = 0;
    call([&] { keys = store_->getNumKeys(); });
    return keys;
  }

 private:
  template <class Body>
  void call(Body body) {
    try {
      body();
    } catch (const std::exception& error) {
      throw LostPeer("the store is gone: " + first_line(error));
    }
  }
  c10::intrusive_ptr<c10d::Store> store_;
};

}  // namespace

std::unique_ptr<KeyValues> torchrun_store(const std::string& address, int port, milliseconds within,
                                          Waits* waits) {
  const Waits::Note note(waits, {.whom = "torchrun's store at " + address + ", port " + std::to_string(port),
                                 .where = "to answer",
                                 .until = std::chrono::steady_clock::now() + within});
  c10d::TCPStoreOptions options;
  options.port = static_cast<uint16_t>(port);
  options.isServer = false;
  options.waitWorkers = false;
  options.timeout = within;
  try {
    return std::make_unique<AsKeyValues>(c10::make_intrusive<c10d::TCPStore>(address, options));
  } catch (const std::exception& error) {
    throw LostPeer("no store answers at " + address + ":" + std::to_string(port) + ": " + first_line(error));
  }
}

}  // namespace muster::inline libtorch
