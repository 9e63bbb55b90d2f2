#pragma once

#include <string>
#include <string_view>

#include "muster/base/checksum.h"

namespace muster::inline base {

/// Reads a whole file. Throws FileError (missing, unreadable), with the path and the system's reason.
std::string read_file(const std::string& path);

/// Length and checksum of a whole file, read piece by piece. Throws FileError.
FileDigest digest_of_file(const std::string& path);

/// Whether a file or folder is there. A path that leads through a file, or nowhere, is not; throws FileError
/// where that cannot be found out (no permission, a broken disk).
bool is_there(const std::string& path);

/// Replaces a file so that a reader, a crash or a full disk finds the old content or the new, never a part:
/// written beside it (PATH.part, never through a symbolic link), flushed to the disk, renamed. Throws
/// FileError and leaves no remains.
void write_file_atomically(const std::string& path, std::string_view content);

/// Flushes a file's or folder's content to the disk. Throws FileError.
void sync_to_disk(const std::string& path);

}  // namespace muster::inline base
