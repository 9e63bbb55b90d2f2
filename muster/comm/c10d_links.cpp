#include <ifaddrs.h>
#include <net/if.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <utility>
#include <vector>

#include "muster/base/error.h"
#include "muster/comm/links.h"
#include "muster/rendezvous/launcher_variables.h"

namespace muster {

namespace {

using std::chrono::milliseconds;

/// Longer than any message takes; who waits for it decides (Links::interrupt).
constexpr milliseconds forever = std::chrono::hours(24 * 365);

/// How often one who waits for the others' addresses looks whether a member has died.
constexpr milliseconds look_every(50);

/// How often torchrun's store is asked for a key that is not there yet.
constexpr milliseconds ask_every(10);

/// Gloo writes to its connections without asking to be spared SIGPIPE: where the program has not said what
/// that signal is to do, the death of a peer would end this process as well.
void outlive_broken_pipes() {
  struct sigaction now {};
  if (::sigaction(SIGPIPE, nullptr, &now) != 0) return;
  if ((now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == SIG_DFL) ::signal(SIGPIPE, SIG_IGN);
}

/// First line of what c10d and Gloo say.
std::string first_line(const std::exception& error) {
  const std::string text = error.what();
  return text.substr(0, text.find('\n'));
}

std::string called(const std::vector<std::string>& names, int rank) {
  const auto at = static_cast<size_t>(rank);
  return at < names.size() ? names[at] : "rank " + std::to_string(rank);
}

/// A store of ours as c10d wants it.
class AsC10dStore final : public c10d::Store {
 public:
  AsC10dStore(KeyValues& inner, std::string prefix, const LinkOptions& options)
      : c10d::Store(options.connect_within), inner_(inner), prefix_(std::move(prefix)), options_(options) {}

  void set(const std::string& key, const std::vector<uint8_t>& value) override {
    inner_.set(prefix_ + key, std::string(value.begin(), value.end()));
  }
  std::vector<uint8_t> get(const std::string& key) override {
    wait({key}, timeout_);
    const auto value = inner_.get(prefix_ + key, timeout_);
    if (!value) throw LostPeer("the store has lost a process's address");
    return {value->begin(), value->end()};
  }
  int64_t add(const std::string& key, int64_t value) override { return inner_.add(prefix_ + key, value); }
  bool deleteKey(const std::string& key) override { return inner_.remove(prefix_ + key); }
  bool check(const std::vector<std::string>& keys) override { return inner_.check(prefixed(keys)); }
  int64_t getNumKeys() override { return inner_.count(); }
  // Newer versions of c10d ask for it; this one does not know it.
  c10::intrusive_ptr<c10d::Store> clone() {
    return c10::make_intrusive<AsC10dStore>(inner_, prefix_, options_);
  }
  void wait(const std::vector<std::string>& keys) override { wait(keys, timeout_); }
  void wait(const std::vector<std::string>& keys, const milliseconds& timeout) override {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    const Waits::Note note(options_.waits.get(),
                           {.whom = whose(keys.front()), .where = "to send its address", .until = deadline});
    while (!inner_.wait(prefixed(keys), std::min(timeout, look_every))) {
      if (options_.watch && options_.watch->broken()) throw LostPeer("a process died while the group formed");
      if (std::chrono::steady_clock::now() >= deadline)
        throw LostPeer(whose(keys.front()) + " did not send its address within " +
                       std::to_string(timeout.count()) + " ms");
    }
  }

 private:
  std::vector<std::string> prefixed(std::vector<std::string> keys) const {
    for (std::string& key : keys) key.insert(0, prefix_);
    return keys;
  }
  /// Gloo keeps the address of a rank under a key that ends with its number.
  std::string whose(const std::string& key) const {
    const size_t digits = key.find_last_not_of("0123456789") + 1;
    if (digits == key.size() || key.size() - digits > 6) return "another process";
    return called(options_.names, std::stoi(key.substr(digits)));
  }
  KeyValues& inner_;
  std::string prefix_;
  LinkOptions options_;
};

/// The other way round: c10d's own store as one of ours.
class AsKeyValues final : public KeyValues {
 public:
  explicit AsKeyValues(c10::intrusive_ptr<c10d::Store> store) : store_(std::move(store)) {}

  void set(const std::string& key, const std::string& value) override {
    call([&] { store_->set(key, {value.begin(), value.end()}); });
  }
  std::optional<std::string> get(const std::string& key, milliseconds within) override {
    if (!wait({key}, within)) return std::nullopt;
    std::vector<uint8_t> value;
    call([&] { value = store_->get(key); });
    return std::string(value.begin(), value.end());
  }
  // By asking, not by c10d's own wait: one that ran out of time leaves its connection out of step.
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
    call([&] {
      held = store_->compareSet(key, {expected.begin(), expected.end()}, {wanted.begin(), wanted.end()});
    });
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

bool is_interface(const std::string& name) { return if_nametoindex(name.c_str()) != 0; }

std::string known_interfaces() {
  std::string names;
  struct if_nameindex* const list = if_nameindex();
  for (const auto* entry = list; entry && entry->if_index != 0; ++entry)
    names += (names.empty() ? "" : ", ") + std::string(entry->if_name);
  if (list) if_freenameindex(list);
  return names;
}

/// The network that connections go over: comm.interface, the first one of GLOO_SOCKET_IFNAME (a list parted
/// by commas, as PyTorch takes it), or the address of this host's name.
std::shared_ptr<gloo::transport::Device> open_device(std::string interface) {
  const char* const environment = std::getenv("GLOO_SOCKET_IFNAME");
  const bool from_environment = interface.empty() && environment != nullptr;
  if (from_environment) interface = std::string(environment).substr(0, std::string(environment).find(','));
  try {
    if (interface.empty()) return c10d::ProcessGroupGloo::createDefaultDevice();
    if (is_interface(interface)) return c10d::ProcessGroupGloo::createDeviceForInterface(interface);
    return c10d::ProcessGroupGloo::createDeviceForHostname(interface);
  } catch (const std::exception&) {
    const std::string remedy = "must be a network interface of this host (" + known_interfaces() +
                               ") or one of its addresses or names";
    if (from_environment) refuse_variable("GLOO_SOCKET_IFNAME", environment, remedy);
    if (interface.empty())
      throw Error(
          "the name of this host has no address that the other processes could reach: name the network "
          "by comm.interface, which " +
          remedy);
    throw OptionError("comm.interface", "'" + interface + "'", remedy);
  }
}

class GlooTransfer final : public Transfer {
 public:
  GlooTransfer(at::Tensor message, c10::intrusive_ptr<c10d::Work> work, int peer)
      : message_(std::move(message)), work_(std::move(work)), peer_(peer) {}
  c10d::Work& work() { return *work_; }
  int peer() const { return peer_; }

 private:
  at::Tensor message_;
  c10::intrusive_ptr<c10d::Work> work_;
  int peer_;
};

class GlooLinks final : public Links {
 public:
  GlooLinks(KeyValues& store, const std::string& prefix, int rank, int size, const LinkOptions& options)
      : rank_(rank), size_(size), names_(options.names) {
    // Gloo waits five times its timeout for a peer that does not connect.
    const milliseconds patience = std::max(milliseconds(1), options.connect_within / 5);
    auto gloo = c10d::ProcessGroupGloo::Options::create(patience);
    gloo->devices.push_back(open_device(options.interface));
    gloo->threads = 1;
    const Waits::Note note(options.waits.get(),
                           {.whom = "connections to the other ranks",
                            .where = "of a group of " + std::to_string(size),
                            .until = std::chrono::steady_clock::now() + options.connect_within});
    try {
      const auto shared = c10::make_intrusive<AsC10dStore>(store, prefix, options);
      group_ = c10::make_intrusive<c10d::ProcessGroupGloo>(shared, rank, size, gloo);
    } catch (const Error&) {
      throw;
    } catch (const std::exception& error) {
      throw LostPeer("could not connect to the other processes: " + first_line(error));
    }
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  std::unique_ptr<Transfer> send(const at::Tensor& message, int to, int tag) override {
    return start(message, to, [&](std::vector<at::Tensor>& one) { return group_->send(one, to, tag); });
  }
  std::unique_ptr<Transfer> receive(const at::Tensor& message, int from, int tag) override {
    return start(message, from, [&](std::vector<at::Tensor>& one) { return group_->recv(one, from, tag); });
  }

  void wait(Transfer& transfer) override {
    auto& started = static_cast<GlooTransfer&>(transfer);
    {
      const std::lock_guard lock(mutex_);
      if (interrupted_) throw LostPeer(name_of(started.peer()) + " did not answer");
      waited_for_ = &started.work();
      waited_peer_ = started.peer();
    }
    bool done = false;
    std::string problem;
    try {
      done = started.work().wait(forever);
    } catch (const std::exception& error) {
      problem = first_line(error);
    }
    const std::lock_guard lock(mutex_);
    waited_for_ = nullptr;
    waited_peer_.reset();
    const std::string who = name_of(started.peer());
    if (!problem.empty()) throw LostPeer(who + " is gone: " + problem);
    if (!done || interrupted_) throw LostPeer(who + " did not answer");
  }

  std::optional<int> waits_for() const override {
    const std::lock_guard lock(mutex_);
    return waited_peer_;
  }
  std::string name_of(int rank) const override { return called(names_, rank); }

  void interrupt() override {
    const std::lock_guard lock(mutex_);
    interrupted_ = true;
    if (waited_for_) waited_for_->abort();
  }

 private:
  template <class Start>
  std::unique_ptr<Transfer> start(const at::Tensor& message, int peer, Start begin) {
    std::vector<at::Tensor> one = {message};
    try {
      return std::make_unique<GlooTransfer>(message, begin(one), peer);
    } catch (const std::exception& error) {
      throw LostPeer(name_of(peer) + " is gone: " + first_line(error));
    }
  }

  int rank_, size_;
  std::vector<std::string> names_;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> group_;
  mutable std::mutex mutex_;
  bool interrupted_ = false;
  std::optional<int> waited_peer_;
  c10d::Work* waited_for_ = nullptr;
};

}  // namespace

std::unique_ptr<Links> Links::connect(KeyValues& store, const std::string& prefix, int rank, int size,
                                      const LinkOptions& options) {
  outlive_broken_pipes();
  return std::make_unique<GlooLinks>(store, prefix, rank, size, options);
}

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

}  // namespace muster
