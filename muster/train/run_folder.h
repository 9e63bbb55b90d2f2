#pragma once

#include <optional>
#include <string>
#include <vector>

namespace muster {

/// Keeps other processes out of a folder (flock on FOLDER/.lock) for as long as it lives. The system lets go
/// of it when the process ends, however it ends.
class FolderLock {
 public:
  FolderLock() = default;
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&& other) noexcept;
  ~FolderLock();

 private:
  int descriptor_ = -1;
};

/// How a run begins in its folder.
struct RunFolder {
  std::string path;
  bool fresh = true;                       ///< starts at step 0
  bool already_finished = false;           ///< its result is whole (whole_result.h): nothing to do
  std::string damage;                      ///< of a finished run: why its result has to be made again; or ""
  std::optional<std::string> resume_from;  ///< the newest checkpoint's folder, not examined yet
  std::vector<std::string> messages;       ///< what the user should be told, a line each
  FolderLock lock;
};

/// Makes the folder if need be, locks it, and decides. Without `resume` a folder that holds anything is
/// refused; with it, a finished run is left alone, one whose result is damaged goes on from its last
/// checkpoint, and one without a checkpoint starts anew; all told in `messages`. Throws OptionError (run.out:
/// empty name, not empty), FileError (no folder, not writable, unreadable, in use by another process).
RunFolder open_run_folder(const std::string& path, bool resume);

}  // namespace muster
