#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "muster/app/processes/held_signals.h"

namespace muster::inline app {

/// Several programs at once, each with its output in files of its own. They get SIGTERM when this process
/// dies in any way. The destructor sends it, too, and waits for them.
class ChildPool {
 public:
  /// `signals` is borrowed.
  explicit ChildPool(HeldSignals& signals) : signals_(signals) {}
  ~ChildPool();
  ChildPool(const ChildPool&) = delete;
  ChildPool& operator=(const ChildPool&) = delete;

  /// Starts a program (a path and its words); `number` names it in Ended. Throws Error.
  void start(int number, const std::vector<std::string>& command, const std::string& output,
             const std::string& errors);
  size_t running() const { return children_.size(); }

  /// A child that has ended: its exit code, 128 + signal where a signal ended it.
  struct Ended {
    int number, code;
  };
  /// Waits at most so many seconds for one to end, or for a signal.
  std::optional<Ended> wait(double seconds);
  /// Asks all to stop, and waits for them.
  void stop();

 private:
  struct Child {
    pid_t process;
    int number;
  };
  std::optional<Ended> look();

  HeldSignals& signals_;
  std::vector<Child> children_;
};

}  // namespace muster::inline app
