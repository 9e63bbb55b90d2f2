#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "muster/base/open_file.h"

namespace muster::inline base {

/// A file of data, open for reading at any place by several threads at once. A pipe, device or folder is
/// refused at once: a pipe that nobody writes to would wait for ever, and data are read more than once.
class PlainFile {
 public:
  /// Throws FileError.
  explicit PlainFile(const std::string& path);

  const std::string& path() const { return file_.path(); }
  /// Bytes when it was opened.
  int64_t size() const { return size_; }
  /// Bytes now. Throws FileError.
  int64_t size_now() const { return file_.size(); }
  /// Reads `bytes` bytes from `offset` on. REQUIRES: they lie within size(). Throws FileError; DataError when
  /// the file has become shorter since it was opened.
  void read_at(int64_t offset, void* to, size_t bytes) const;
  /// At most the first `most` bytes. Throws as read_at.
  std::string beginning(int64_t most) const;

 private:
  OpenFile file_;
  int64_t size_ = 0;
};

/// The whole of it. Throws FileError, DataError as above.
std::string read_plain_file(const std::string& path);

}  // namespace muster::inline base
