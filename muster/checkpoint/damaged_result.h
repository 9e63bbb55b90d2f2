#pragma once

#include "muster/base/error.h"
#include "muster/checkpoint/run_folder.h"

namespace muster::inline checkpoint {

// A run that has ended, and whose result has been damaged since (RunFolder::damage): it is made again from
// the last whole checkpoint.

/// The error for a damaged result where no checkpoint is left. REQUIRES: folder.damage.
CheckpointError beyond_repair(const RunFolder& folder);

/// Renames the files of the damaged result to NAME.set-aside, before a new result takes their place: a user
/// may have put them there. Does nothing where there is no damage. Throws FileError.
void set_aside_damaged_result(const RunFolder& folder);

}  // namespace muster::inline checkpoint
