#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace muster::test {

/// In the place of fsync() and fdatasync() of this program: a disk that stalls, fails, counts and tells. For
/// a test that owns one; without one the calls are the system's.
class FakeDisk {
 public:
  FakeDisk();
  ~FakeDisk();
  FakeDisk(const FakeDisk&) = delete;
  FakeDisk& operator=(const FakeDisk&) = delete;

  /// Flushes of files whose path holds `part` wait until go_on().
  void stall(const std::string& part);
  void go_on();
  /// So many of them are waiting. Returns false where that does not come about in a minute.
  bool wait_for_stalled(int count = 1) const;
  /// Flushes fail from now on.
  void fail(bool fails);
  /// Flushes done of files whose path holds `part`, since the last reset().
  int count(const std::string& part) const;
  void reset();

  /// Is called before and after every flush, by one thread at a time.
  void tell(std::function<void()> listener);
  /// Copies the folder as the end of this process would leave it now; or, `flushed`, as a loss of power
  /// would: every file as it was at its last flush.
  static void copy(const std::filesystem::path& folder, const std::filesystem::path& to, bool flushed);
};

}  // namespace muster::test
