#pragma once

#include <string>

#include "muster/flat/state.h"

namespace muster::inline serve {

/// Replaces the file by a snapshot: "MUSTERS2", the state (state_bytes.h), CRC-32C of all before it. A
/// reader, a crash or a full disk finds the old file or the new one. Throws FileError.
void write_snapshot(const std::string& path, const State& state);

/// Throws FileError, CheckpointError for a damaged one, DataError for one of another format version.
State read_snapshot(const std::string& path);

}  // namespace muster::inline serve
