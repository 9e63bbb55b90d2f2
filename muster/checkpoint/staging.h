#pragma once

#include <string>
#include <vector>

#include "muster/checkpoint/run_writer.h"

namespace muster::inline checkpoint {

/// Where the writer of a run's folder makes files before it moves them into place: FOLDER/.writer-RUN-NUMBER.
/// A stopped writer may be continued at any moment and make the very next call of its program. That call
/// finds nothing to move, and its open files have no names: its successor has taken this folder away
/// (revoke_others) and has written anew every file that it held open.
class Staging {
 public:
  /// Makes it, new and empty. REQUIRES: `folder` is there. Throws FileError.
  Staging(std::string folder, RunWriter writer);
  ~Staging();
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  const RunWriter& writer() const { return writer_; }
  const std::string& folder() const { return folder_; }  ///< of the run
  const std::string& path() const { return path_; }      ///< its own
  std::string path_of(const std::string& name) const { return path_ + "/" + name; }

  /// Moves a file, whose content is on the disk, to the same name in the run's folder and brings the move to
  /// the disk. Throws LostPeer when a successor writes the folder now, else FileError.
  void publish(const std::string& name) const;
  /// Takes the folders of all earlier writers away, and those of runs that are gone; their content is in the
  /// returned folders until this object is destroyed. Throws LostPeer when there is a successor, else
  /// FileError.
  std::vector<std::string> revoke_others() const;
  /// A successor writes the run's folder now.
  bool superseded() const;
  /// Throws LostPeer where superseded(), FileError where this folder is gone.
  void require_present() const;

 private:
  std::string folder_;
  RunWriter writer_;
  std::string path_;
};

/// Whether a file of a run's folder is one of these, or was left by one.
bool is_staging(const std::string& name);

}  // namespace muster::inline checkpoint
