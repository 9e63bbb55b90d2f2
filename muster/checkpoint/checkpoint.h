#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "muster/checkpoint/safetensors.h"
#include "muster/flat/state.h"

namespace muster::inline checkpoint {

/// A whole checkpoint, as it was saved.
struct Checkpoint {
  int64_t step = 0;    ///< steps done
  std::string path;    ///< its folder
  NamedTensors model;  ///< in the order of saving
  State state;
  std::string fingerprint;                     ///< a JSON object; see require_same_fingerprint
  std::optional<std::string> skipped_because;  ///< why a newer checkpoint was passed over
};

/// The checkpoints of a run: FOLDER/step-00001234/{model.safetensors, state.safetensors, state.json},
/// described in docs/checkpoint_format.md. A checkpoint appears by renaming its folder, after all its bytes
/// are on the disk: a crash or a full disk at any moment leaves the older ones as they were.
class CheckpointStore {
 public:
  /// Makes the folder and recovers it. REQUIRES: no other process works in it (see open_run_folder). `keep`
  /// >= 1. `staging`: a folder of the same file system where checkpoints are made before they appear (see
  /// Staging); empty: the folder itself. Throws OptionError (checkpoint.keep), FileError.
  CheckpointStore(std::string folder, int64_t keep, std::string staging = "");

  /// Writes a checkpoint, then removes all but the newest `keep` up to this step. Any of a later step, which
  /// the run has passed over, are renamed to set-aside-... and stay. Throws FileError; then the older ones
  /// are still there.
  void save(int64_t step, const NamedTensors& model, const State& state, const std::string& fingerprint);

  /// The newest checkpoint that is whole, or nothing when there are none. Throws CheckpointError when there
  /// are some but none is whole; FileError when one cannot be read (see read_checkpoint), as it may be the
  /// newest.
  std::optional<Checkpoint> latest() const;

  const std::string& folder() const { return folder_; }

 private:
  void remove(const std::string& path) const;
  void set_aside(const std::string& name) const;

  std::string aside(std::string_view prefix, const std::string& name) const;

  std::string folder_;
  int64_t keep_;
  std::string staging_;
};

/// Reads one checkpoint's folder; what fails is tried again after a moment. Throws CheckpointError, naming
/// the file and the damage: its content does not fit its checksums, or it is not there. Throws FileError for
/// a file that is there and cannot be read (the disk, the network, too many open files): it may be whole.
Checkpoint read_checkpoint(const std::string& path);

/// Removes what an interrupted save or removal left in a folder of checkpoints, and restores a checkpoint
/// whose replacement of the same step was not completed. REQUIRES: no other process works in it. Throws
/// FileError.
void recover_checkpoints(const std::string& folder);

/// The same for the staging folder of a writer that is gone: moves a checkpoint that was being replaced back
/// into `folder` where it is missing. Throws FileError.
void recover_replaced_checkpoints(const std::string& staging, const std::string& folder);

/// The newest checkpoint in a folder of checkpoints by name, or nothing; reads only the folder. Throws
/// FileError when the folder is there and cannot be read.
std::optional<std::string> newest_checkpoint(const std::string& folder);

}  // namespace muster::inline checkpoint
