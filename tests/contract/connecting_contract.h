#pragma once

#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "muster/base/error.h"
#include "muster/links/links.h"
#include "muster/rendezvous/key_values.h"

/// The contract of all that connects Links through a store, Muster's or a user's own. Needs no test
/// framework:
///
///     for (const auto& broken : muster::contract::check_connecting(maker)) ADD_FAILURE() << broken;
///
/// Checked:
///   - ranks that come one after the other find each other, with the rank, size and names they were given;
///   - a rank that does not come in time is LostPeer, soon after that time, with its name;
///   - a death ends connecting at once with LostPeer; meanwhile the awaited rank is noted;
///   - groups under different prefixes of one store do not meet.
namespace muster::contract {

struct ConnectingMaker {
  std::function<std::unique_ptr<KeyValues>()> store;
  std::function<std::unique_ptr<Links>(KeyValues& store, const std::string& prefix, int rank, int size,
                                       const LinkOptions& options)>
      connect;
  LinkOptions options{};  ///< what else the links need
};

namespace connecting_parts {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// How late something may end on a busy machine.
constexpr milliseconds soon(5000);

class Mortal final : public GroupWatch {
 public:
  bool broken() override { return broken_; }
  void waits() override {}
  std::optional<milliseconds> patience() override { return std::nullopt; }
  void dies() { broken_ = true; }

 private:
  std::atomic<bool> broken_ = false;
};

/// The message of the LostPeer that `body` throws; anything else is a broken promise.
inline std::string lost(const std::function<void()>& body, std::vector<std::string>& broken) {
  try {
    body();
    broken.emplace_back("connecting to nobody ends without an error");
  } catch (const LostPeer& error) {
    return error.what();
  } catch (const std::exception& other) {
    broken.push_back(std::string("not LostPeer but: ") + other.what());
  }
  return "";
}

inline void check_coming(const ConnectingMaker& maker, std::vector<std::string>& broken) {
  const auto store = maker.store();
  LinkOptions options = maker.options;
  options.connect_within = std::chrono::seconds(60);
  options.names = {"worker 5", "worker 7"};
  for (const std::string prefix : {"first/", "second/"}) {
    std::unique_ptr<Links> early;
    std::string failure;
    std::thread other([&] {
      try {
        early = maker.connect(*store, prefix, 1, 2, options);
      } catch (const std::exception& error) {
        failure = error.what();
      }
    });
    std::this_thread::sleep_for(milliseconds(20));
    const auto late = maker.connect(*store, prefix, 0, 2, options);
    other.join();
    if (!failure.empty()) broken.push_back("ranks do not find each other: " + failure);
    if (late->rank() != 0 || late->size() != 2 || late->name_of(1) != "worker 7")
      broken.emplace_back("rank, size or name are not those that were given");
  }
}

inline void check_deadline(const ConnectingMaker& maker, std::vector<std::string>& broken) {
  const auto store = maker.store();
  LinkOptions options = maker.options;
  options.connect_within = milliseconds(200);
  options.names = {"worker 5", "worker 7"};
  const auto began = steady_clock::now();
  const std::string said = lost([&] { maker.connect(*store, "group/", 0, 2, options); }, broken);
  if (steady_clock::now() - began > options.connect_within + soon)
    broken.emplace_back("a rank that does not come is waited for too long");
  if (said.find("worker 7") == std::string::npos) broken.push_back("who has not come is not named: " + said);
}

inline void check_death(const ConnectingMaker& maker, std::vector<std::string>& broken) {
  const auto store = maker.store();
  const auto watch = std::make_shared<Mortal>();
  LinkOptions options = maker.options;
  options.connect_within = std::chrono::seconds(60);
  options.names = {"worker 5", "worker 7"};
  options.watch = watch;
  options.waits = std::make_shared<Waits>();
  std::optional<Wait> noted;
  const auto began = steady_clock::now();
  std::thread death([&] {
    while (!noted && steady_clock::now() - began < soon) {
      std::this_thread::sleep_for(milliseconds(20));
      noted = options.waits->present();
    }
    watch->dies();
  });
  const std::string said = lost([&] { maker.connect(*store, "group/", 0, 2, options); }, broken);
  death.join();
  if (steady_clock::now() - began > 2 * soon) broken.emplace_back("a death is noticed late");
  if (said != "a process died while the group formed") broken.push_back("of a death it says: " + said);
  if (!noted || noted->whom != "worker 7") broken.emplace_back("who is waited for is not noted");
  if (options.waits->present()) broken.emplace_back("a wait is noted that is over");
}

}  // namespace connecting_parts

/// The broken promises, one line each; none: it keeps to the contract.
inline std::vector<std::string> check_connecting(const ConnectingMaker& maker) {
  std::vector<std::string> broken;
  connecting_parts::check_coming(maker, broken);
  connecting_parts::check_deadline(maker, broken);
  connecting_parts::check_death(maker, broken);
  return broken;
}

}  // namespace muster::contract
