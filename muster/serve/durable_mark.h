#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "muster/base/open_file.h"

namespace muster::inline serve {

/// How far a server's journal was on the disk at the latest acknowledgement.
struct DurableMark {
  int64_t journal = 0;        ///< number of its file
  int64_t bytes = 0;          ///< of that file
  uint64_t next = 0;          ///< number of the first event that was not acknowledged
  int64_t contributions = 0;  ///< counted before that event
  bool operator==(const DurableMark&) const = default;
};

/// The file `durable` beside the journals: the mark twice, written in turn, so that one is always whole: at
/// byte 0 and 4096 "MUSTERD2", u64 how often it was written, the mark's fields (8 bytes each), u32 CRC-32C
/// of these 48 bytes.
class DurableMarkFile {
 public:
  /// Nothing where the file is missing. Throws FileError, CheckpointError where neither is sound.
  static std::optional<DurableMark> read(const std::string& path);
  /// Opens it, or begins it. Throws FileError.
  explicit DurableMarkFile(const std::string& path);

  /// The operating system has it when it returns: it outlives this process. Throws FileError.
  void write(const DurableMark& mark);
  /// On the disk. Throws FileError.
  void sync();

 private:
  OpenFile file_;  // what sync() has not confirmed is not counted on
  uint64_t written_ = 0;
};

}  // namespace muster::inline serve
