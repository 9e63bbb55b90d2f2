#pragma once

#include <chrono>
#include <optional>

namespace muster {

/// What one who waits for the others of a group wants to know, and tell, meanwhile. Called by several
/// threads.
class GroupWatch {
 public:
  virtual ~GroupWatch() = default;
  /// A member of the group has died: nothing that needs all of them can succeed any more.
  virtual bool broken() = 0;
  /// Called now and then by one who waits in an operation.
  virtual void waits() = 0;
  /// How long one may wait for a peer that does not answer; nothing: for as long as it is known to live.
  virtual std::optional<std::chrono::milliseconds> patience() = 0;
};

}  // namespace muster
