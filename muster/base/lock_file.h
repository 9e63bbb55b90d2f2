#pragma once

#include <string>
#include <string_view>

namespace muster::inline base {

/// A file that is open for locking (flock). The system releases the lock when the process ends, also after a
/// crash.
class LockFile {
 public:
  LockFile() = default;
  /// Opens the file, makes it where there is none. Throws FileError; a symbolic link is refused.
  explicit LockFile(std::string path);
  LockFile(LockFile&& other) noexcept;
  LockFile& operator=(LockFile&& other) noexcept;
  ~LockFile();

  enum class Outcome {
    taken,
    busy,         ///< another process holds the lock
    unsupported,  ///< the file system offers no locks
  };
  /// Without waiting. Throws FileError.
  Outcome try_to_lock() const;
  /// The path still names this file.
  bool in_place() const;
  /// The whole content of the file. Throws FileError.
  std::string text() const;
  /// Replaces the content. Throws FileError.
  void set_text(std::string_view text) const;

 private:
  std::string path_;
  int descriptor_ = -1;
};

}  // namespace muster::inline base
