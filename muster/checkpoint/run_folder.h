#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "muster/base/lock_file.h"
#include "muster/checkpoint/run_writer.h"
#include "muster/checkpoint/staging.h"

namespace muster::inline checkpoint {

/// How a run begins in its folder.
struct RunFolder {
  std::string path;
  bool fresh = true;                       ///< starts at step 0
  bool already_finished = false;           ///< its result is whole (whole_result.h): nothing to do
  std::string damage;                      ///< of a finished run: why its result has to be made again; or ""
  std::optional<std::string> resume_from;  ///< the newest checkpoint's folder, not examined yet
  std::vector<std::string> messages;       ///< for the user, a line each
  LockFile lock;                           ///< FOLDER/.lock: keeps other runs out
  std::unique_ptr<Staging> staging;        ///< keeps earlier writers of this run out
};

/// Makes the folder if need be, locks it, and decides. Without `resume` a folder that holds anything is
/// refused; with it, a finished run is left alone, one whose result is damaged goes on from its last
/// checkpoint, and one without a checkpoint starts anew; `messages` say so. An earlier writer of the same run
/// that still holds the lock loses it. `total_steps`: of a training; a finished run of fewer steps goes on
/// from its last checkpoint, its result stays until the next is whole; one of more is refused (OptionError,
/// run.steps). Throws OptionError (run.out: empty name, not empty), FileError (no folder, not writable,
/// unreadable, in use by another process, `.lock` is a symbolic link), LostPeer when a later writer of the
/// same run has it.
RunFolder open_run_folder(const std::string& path, bool resume, const RunWriter& writer = sole_writer(),
                          std::optional<int64_t> total_steps = std::nullopt);

/// The folder of a run that is under way, for its next writer: made where it is not there (on a machine
/// without the others' file system). Throws FileError (as above, and when it holds the files of another run),
/// LostPeer.
RunFolder take_over_run_folder(const std::string& path, const RunWriter& writer);

}  // namespace muster::inline checkpoint
