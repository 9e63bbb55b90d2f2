#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "muster/rendezvous/attendance.h"
#include "muster/rendezvous/store_server.h"

namespace muster {

/// On the loopback interface, with times that suit a test.
inline StoreServerOptions quick_options(int expected, int min_members) {
  return {.token = "secret",
          .expected = expected,
          .min_members = min_members,
          .lease = std::chrono::milliseconds(300),
          .patience = std::chrono::milliseconds(600),
          .introduction = std::chrono::milliseconds(200)};
}

inline StoreEndpoint endpoint_of(const StoreServer& server) {
  return {.address = "127.0.0.1", .port = server.port(), .token = "secret"};
}

inline std::unique_ptr<Attendance> join(const StoreServer& server, const std::string& name, int wish = -1,
                                        const Identity& identity = {{"version", "1"}}) {
  return std::make_unique<Attendance>(endpoint_of(server), name, wish, identity, std::chrono::seconds(5));
}

template <typename Work>
auto async(Work&& work) {
  return std::async(std::launch::async, std::forward<Work>(work));
}

}  // namespace muster
