#pragma once

#include <gtest/gtest.h>

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "muster/comm/thread_group.h"

namespace muster {

/// Runs `body` on every rank of a new group, each in a thread of its own. What it throws fails the test.
inline void on_ranks(int ranks, const std::function<void(std::unique_ptr<Communicator>&)>& body) {
  auto group = ThreadGroup::make(ranks);
  std::vector<std::thread> threads;
  for (auto& member : group)
    threads.emplace_back([&body, &member] {
      try {
        body(member);
      } catch (const std::exception& failure) {
        ADD_FAILURE() << failure.what();
        member.reset();  // else the others would wait
      }
    });
  for (std::thread& thread : threads) thread.join();
}

/// The message of the Expected that `body` throws; fails the test where it throws none.
template <class Expected>
std::string message_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Expected& failure) {
    return failure.what();
  } catch (const std::exception& failure) {
    ADD_FAILURE() << "another exception: " << failure.what();
    return {};
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

}  // namespace muster
