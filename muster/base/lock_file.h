#pragma once

#include <string>
#include <string_view>

namespace muster {

/// A file that is open to be locked (flock). The system lets go of the lock when the process ends, however it
/// ends.
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
    busy,         ///< another process has it
    unsupported,  ///< the file system offers no locks
  };
  /// Without waiting. Throws FileError.
  Outcome try_to_lock() const;
  /// The path still names this file.
  bool in_place() const;
  /// All that is written in it. Throws FileError.
  std::string text() const;
  /// Writes it anew. Throws FileError.
  void set_text(std::string_view text) const;

 private:
  std::string path_;
  int descriptor_ = -1;
};

}  // namespace muster
