#pragma once

#include <chrono>
#include <optional>

namespace muster::inline links {

/// What an operation that waits for other ranks of a group asks and reports meanwhile. Called by several
/// threads.
class GroupWatch {
 public:
  virtual ~GroupWatch() = default;
  /// A member of the group has died: nothing that needs all of them can succeed any more.
  virtual bool broken() = 0;
  /// Called repeatedly by a thread that waits in an operation.
  virtual void waits() = 0;
  /// How long to wait for a peer that does not answer; nothing: for as long as it is known to live.
  virtual std::optional<std::chrono::milliseconds> patience() = 0;
};

}  // namespace muster::inline links
