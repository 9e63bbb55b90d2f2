#pragma once

#include <string>
#include <string_view>

#include "muster/base/open_file.h"

namespace muster::inline base {

/// Replaces a file so that a reader, a crash or a full disk finds the old content or the new, never a part:
/// written beside it (PATH.part, never through a symbolic link), flushed to the disk, renamed. Without
/// commit() nothing remains. Errors name PATH.
class ReplacedFile {
 public:
  /// Throws FileError.
  explicit ReplacedFile(const std::string& path);
  ReplacedFile(const ReplacedFile&) = delete;
  ReplacedFile& operator=(const ReplacedFile&) = delete;
  ~ReplacedFile();

  /// Throws FileError.
  void write(std::string_view content) { file_.write(content); }
  /// Flushes to the disk, renames, flushes the folder. Throws FileError.
  void commit();

 private:
  std::string path_, beside_;
  OpenFile file_;
  bool committed_ = false;
};

}  // namespace muster::inline base
