#pragma once

#include <optional>
#include <string>
#include <vector>

#include "muster/base/stopwatch.h"
#include "muster/engine/run_files_here.h"
#include "muster/engine/training.h"
#include "muster/rendezvous/result_ledger.h"
#include "muster/report/summary_file.h"

namespace muster::inline engine {

/// Ensures that a run leaves its result, whole and on a disk. Decides which of the run's processes writes the
/// files, passes this task on where that one is lost or its disk fails, and ends no process successfully
/// before the result is durable (docs/reliability.md).
class ResultDuty {
 public:
  /// REQUIRES: training.join() was called, and both live longer.
  ResultDuty(Training& training, const RunRecord& record);

  /// The record by which processes agree on the result; null where there is only this one.
  ResultLedger* ledger() { return ledger_ ? &*ledger_ : nullptr; }
  /// The files in the process that writes them, else null.
  RunFilesHere* files() { return files_ ? &*files_ : nullptr; }
  RunFiles* open_files() { return files_ ? files_->files() : nullptr; }
  bool writes() const { return files_.has_value(); }

  /// The folder in which an elastic run has begun under this launcher, whichever of its processes still live.
  std::optional<std::string> begun_folder();
  /// Opens the folder for a run that begins, or goes on. Throws FileError, OptionError.
  void open(const std::string& folder, bool resume);
  /// Releases the files.
  void close() { files_.reset(); }

  /// In an elastic run, after every change of the group: takes the files over where it is this process's
  /// turn. False where it could not: the group must be made anew, so that the others learn of it. Throws
  /// FileError when no process can write, LostPeer when this process is no member any more. Without the store
  /// no turns can be agreed on: the process that holds the files keeps them, and one that goes on alone takes
  /// them only where no process holds them and none has saved as much.
  bool settle();
  /// For files that could not be written (RunLoop::why_unwritten()): writes all anew, once; after that
  /// another process has to. Returns false and throws as settle().
  bool write_anew(const std::string& why);

  /// The end of a run: returns when the result is durable, whichever process wrote it. `unwritten`:
  /// RunLoop::why_unwritten(); then all is written anew. Throws FileError when no process can write, LostPeer
  /// when the one that writes was lost, or the store is and this process does not hold the files.
  void deliver(const NamedTensors& model, bool json, const std::string& unwritten);

  /// Whether the ledger says that the result is durable; false where it cannot be asked.
  bool is_done();
  /// Declares to all processes that the run ends without its result.
  void say_failed(const std::string& what);
  /// The reason with which some process declared so.
  std::optional<std::string> failed();
  /// The command by which `muster train` continues this run: "run `muster train ...`".
  std::string remedy() const;

 private:
  std::string name() const;
  std::vector<std::string> names() const;
  bool without_store() const;
  RunWriter next_writer();
  RunFolder next_folder();
  void take_over();
  void settle_alone();
  bool saved_by_another() const;
  bool cannot_write(const std::string& why);
  [[noreturn]] void nobody_can_write();
  std::string missing(const std::string& what, const std::string& reason) const;
  bool write(const NamedTensors& model, bool json);
  bool write_files(const NamedTensors& model, Summary& summary);
  void report(const DurableResult& result);
  bool delivered();
  void wait_for_result();
  void deliver_without_store(const NamedTensors& model, bool json, bool held);

  Training& training_;
  const RunRecord& record_;
  std::optional<ResultLedger> ledger_;
  std::string run_;
  int64_t number_ = 0;  ///< where there is no ledger
  std::optional<RunFilesHere> files_;
  int attempts_left_ = 2;  ///< to write all anew
  Stopwatch waiting_;
  bool told_of_folder_ = false;
};

}  // namespace muster::inline engine
