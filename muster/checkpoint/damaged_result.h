#pragma once

#include "muster/base/error.h"
#include "muster/checkpoint/run_folder.h"

namespace muster {

// A run that has ended, and whose result has been damaged since (RunFolder::damage): it is made again from
// the last whole checkpoint.

/// The refusal where no checkpoint is left. REQUIRES: folder.damage.
CheckpointError beyond_repair(const RunFolder& folder);

/// Renames what is there of the damaged result to NAME.set-aside, before another takes its place: a model
/// that somebody put there is not ours to overwrite. Nothing where there is no damage. Throws FileError.
void set_aside_damaged_result(const RunFolder& folder);

}  // namespace muster
