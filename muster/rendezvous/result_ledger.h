#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "muster/rendezvous/key_values.h"

namespace muster::inline rendezvous {

/// The process that writes a run's files. A later writer has a greater number.
struct WriterRecord {
  int64_t generation = 0;  ///< of the group that it was chosen in
  int64_t number = 0;      ///< fencing number: 1, 2, ...
  std::string name;        ///< of the process, as in Generation::names
  bool operator==(const WriterRecord&) const = default;
};

/// A result that is on a disk, whole and synced.
struct DurableResult {
  std::string host;
  std::string folder;
  std::string model;    ///< digest of model.safetensors
  std::string summary;  ///< digest of summary.json
  bool operator==(const DurableResult&) const = default;
};

/// What the processes of a run and its launcher know of the run's result: entries of the run's store. The
/// order in which a store takes entries decides; every call throws LostPeer when the store is gone.
class ResultLedger {
 public:
  /// `prefix`: of the keys; the same in all processes of a run.
  explicit ResultLedger(KeyValues& store, const std::string& prefix = "");

  /// What the run is called in its folder's lock: the first proposal counts.
  std::string run_id(const std::string& proposal);

  /// require_result(): from now on processes of the run exit with status 0 only after durable().
  void require_result();
  bool result_required();

  /// Becomes the writer and returns the fencing number; nothing where another process of this generation is
  /// the writer and can write, or one of a later generation is: that one stays the writer.
  std::optional<int64_t> claim(int64_t generation, const std::string& name);
  std::optional<WriterRecord> writer();
  /// This process cannot write the run's files, and why; another one may.
  void say_unable(const std::string& name, const std::string& why);
  void say_able(const std::string& name);
  std::optional<std::string> why_unable(const std::string& name);
  /// The first of them that can write; nothing where none can.
  std::optional<std::string> first_able(const std::vector<std::string>& names);

  /// Where the run writes, and the step of the newest checkpoint on its disk.
  void say_folder(const std::string& host, const std::string& folder);
  void say_checkpoint(int64_t step);
  std::optional<std::string> folder();
  std::optional<int64_t> checkpoint();

  void say_durable(const DurableResult& result);
  /// Waits for it, at most so long.
  std::optional<DurableResult> durable(std::chrono::milliseconds within = {});
  /// The run ends without its result: what is missing and how to get it. The first call counts.
  void say_failed(const std::string& what);
  std::optional<std::string> failed();

 private:
  std::optional<std::string> read(const std::string& key);

  KeyValues& store_;
  std::string prefix_;
};

}  // namespace muster::inline rendezvous
