#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "muster/base/checksum.h"
#include "muster/base/open_file.h"
#include "muster/base/replaced_file.h"

namespace muster::inline checkpoint {

/// Writes a file piece by piece under a temporary name, and renames it when all is on the disk: a reader, a
/// crash or a full disk finds the old file or the new one. Without commit() nothing remains.
class CheckedWriter {
 public:
  explicit CheckedWriter(const std::string& path);

  /// Throws FileError.
  void write(const void* data, size_t bytes);
  /// Flushes to the disk, renames, flushes the folder; returns what was written. Throws FileError.
  FileDigest commit();

 private:
  ReplacedFile file_;
  int64_t bytes_ = 0;
  Checksum checksum_;
};

/// Reads a file from its beginning, piece by piece.
class CheckedReader {
 public:
  /// Throws FileError.
  explicit CheckedReader(const std::string& path);

  int64_t size() const { return size_; }  ///< of the whole file, when it was opened
  /// Exactly so many bytes. Throws DataError when the file ends before, FileError when it cannot be read.
  void read(void* data, size_t bytes);
  /// Of what was read so far.
  FileDigest digest() const { return {bytes_, checksum_.value()}; }

 private:
  OpenFile file_;
  int64_t size_ = 0;
  int64_t bytes_ = 0;
  Checksum checksum_;
};

}  // namespace muster::inline checkpoint
