#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "muster/rendezvous/waits.h"

namespace muster::inline app {

/// Decides when a wait is reported, and in which words: after ten seconds, then after 30, 90, 270 and so on
/// (at most ten minutes apart), beginning anew where another thing is waited for.
class WaitReport {
 public:
  /// The line that is due, without line feed; nothing where none is.
  std::optional<std::string> due(const std::optional<Wait>& wait, SteadyTime now);

 private:
  std::string where_;
  std::optional<SteadyTime> said_;
  std::chrono::seconds pause_{0};
};

/// Looks at the waits, from a thread of its own, and prints the lines that are due to standard error.
class WaitReporter {
 public:
  explicit WaitReporter(std::shared_ptr<Waits> waits);
  ~WaitReporter();
  WaitReporter(const WaitReporter&) = delete;
  WaitReporter& operator=(const WaitReporter&) = delete;

 private:
  void run();

  std::shared_ptr<Waits> waits_;
  FileDescriptor waker_;
  std::thread thread_;
};

}  // namespace muster::inline app
