#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "muster/base/error.h"
#include "muster/base/stopwatch.h"
#include "muster/checkpoint/checkpoint.h"
#include "muster/checkpoint/staging.h"
#include "muster/comm/group_member.h"
#include "muster/method/synchronous.h"
#include "muster/rendezvous/result_ledger.h"
#include "muster/report/event_file.h"
#include "muster/report/metrics_file.h"
#include "muster/report/progress_line.h"
#include "muster/train/evaluation.h"
#include "muster/train/probing.h"
#include "muster/train/regrouping.h"
#include "muster/train/run_record.h"
#include "muster/train/stop_signal.h"

namespace muster::inline train {

struct RunLoopOptions {
  int64_t total_steps = 0;
  int64_t steps_per_epoch = 1;
  int64_t samples_per_step = 1;           ///< of all workers
  int64_t evaluate_every = 0;             ///< steps; 0: only at the end
  bool evaluate_between_meetings = true;  ///< false: an evaluation that falls due waits for the next meeting
  int64_t checkpoint_every = 0;           ///< steps; 0: only at the end and when stopped
  bool checkpoint_between_meetings = true;  ///< false: one that falls due waits for the next meeting
  int64_t verify_every = 0;                 ///< meetings after which all processes compare; 0: never
  std::string fingerprint = "{}";           ///< what must be the same to resume (a JSON object)
  std::chrono::milliseconds patience = std::chrono::minutes(30);  ///< for the other processes
};

/// What a run writes to. Borrowed.
struct RunFiles {
  CheckpointStore& checkpoints;
  MetricsFile& metrics;
  EventFile& events;
  ProgressLine& progress;
  const Staging& staging;
};

/// The run as this process sees it. Borrowed.
struct RunPlace {
  Averager& averager;
  GroupMember* member = nullptr;     ///< null where there are no other processes
  Regrouping* regrouping = nullptr;  ///< of an elastic run; null: the loss of a process ends the run
  RunFiles* files = nullptr;         ///< of the process that writes; null in the others
  ResultLedger* ledger = nullptr;    ///< is informed of checkpoints; null where there are no other processes
  Probing* probing = nullptr;        ///< null: nothing is probed
  const StopSignal& stop;
};

/// Advances a method to its end: metrics, evaluation, checkpoints and progress between its steps. With
/// several processes each runs the same loop; one of them writes, and a checkpoint holds the workers of all
/// of them. Where the files cannot be written the loop stops writing, and says so at the end of the step, so
/// that no other process waits for this one in between.
class RunLoop {
 public:
  RunLoop(Synchronous& method, Evaluation& evaluation, RunRecord& record, RunPlace place,
          RunLoopOptions options);

  /// Resumes from a checkpoint, which rank 0 passes. Collective: all ranks resume, or none does (false).
  /// Throws CheckpointError.
  bool restore(const std::optional<Checkpoint>& checkpoint);

  /// Returns Ended::finished when the last step is done, and Ended::stopped, after a checkpoint, when a
  /// signal asked any of the processes to stop (all stop at the same step). Throws NonFiniteError, naming the
  /// last good checkpoint.
  /// An elastic run returns Ended::regrouped whenever its group has changed: the caller determines the writer
  /// and calls again; Ended::begins_again when no member of its group holds the run's state: the method's
  /// state is void, and all begin together. Ended::unwritten: the files could not be written
  /// (why_unwritten()); call write_to() and run() again, or give up.
  enum class Ended { finished, stopped, regrouped, begins_again, unwritten };
  Ended run();

  /// After the last step: statistics re-estimated, the averaged model measured. The tensors share memory with
  /// the loop.
  /// An elastic run may lose a peer here, too: LostPeer then; regroup and call again.
  NamedTensors finish();

  /// From now on writes to these files, which hold all the lines kept in the record, or to none; borrowed.
  void write_to(RunFiles* files);
  /// The file that could not be written since write_to(), with the system's reason; empty: all were.
  const std::string& why_unwritten() const { return why_unwritten_; }

 private:
  int64_t steps_until_next_due() const;
  int64_t announce(int64_t steps);
  void after_advance(const Progress& progress);
  Ended run_with_group();
  void agree_on_checkpoint();
  Ended regroup(bool lost_a_peer);
  bool checkpoint_due(const Progress& progress) const;
  bool group_is_due(const Progress& progress) const;
  void verify();
  bool evaluation_due(bool at_meeting) const;
  void evaluate();
  void write_round(const Progress& progress, bool evaluated);
  void write_evaluation();
  void write_line(const MetricsLine& line);
  void save(const State& state);
  void say_checkpoint();
  void cannot_write(const std::string& what, const FileError& error);
  void probe(const Progress& progress);
  void save_checkpoint();
  void restore(const State& state);
  State whole_state();
  bool stop_here(const Progress& progress);
  bool wants_to_stop() const;
  bool agreed_to_stop();
  void require_finite_parameters();
  void show_progress();
  double wall_seconds() const { return earlier_seconds_ + session_.seconds(); }

  Synchronous& method_;
  Evaluation& evaluation_;
  RunRecord& record_;
  RunPlace place_;
  RunLoopOptions options_;
  Vector parameters_;  ///< the averaged model
  Vector buffers_;
  Stopwatch session_;
  double earlier_seconds_ = 0;     ///< of the sessions before this one
  double seconds_per_step_ = 0.2;  ///< recent
  double recent_loss_ = 0;
  bool asked_to_stop_ = false;
  bool checkpoint_wanted_ = false;
  int64_t agreed_generation_ = -1;           ///< in which all have said whether they want a checkpoint
  std::optional<std::string> data_problem_;  ///< why the data can no longer be read; the run stops for it
  std::optional<int64_t> stop_step_;         ///< that all processes have agreed on
  std::string why_unwritten_;
};

}  // namespace muster::inline train
