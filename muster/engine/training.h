#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "muster/app/keys/options.h"
#include "muster/app/options/resolve.h"
#include "muster/base/thread_pool.h"
#include "muster/comm/averager.h"
#include "muster/comm/group_member.h"
#include "muster/comm/grouping.h"
#include "muster/comm/solo.h"
#include "muster/method/synchronous.h"
#include "muster/rounds/inner_meeting.h"
#include "muster/task/samplers/resharing_sampler.h"
#include "muster/train/evaluation.h"
#include "muster/train/memory_estimate.h"

namespace muster::inline app {
class Catalogue;
}  // namespace muster::inline app

namespace muster::inline engine {

/// Everything that this process's part of a run is made of, built from a configuration and kept alive
/// together.
class Training {
 public:
  /// Reads the data, completes the configuration with what depends on them, and checks that the replicas will
  /// fit into memory; no replica exists yet. Throws OptionError, FileError, DataError.
  Training(const Catalogue& catalogue, Configuration configuration, const Place& place);

  /// Joins the run's other processes, all of which must have this configuration; waits for them. Throws
  /// Error, naming what differs; LostPeer.
  void join();
  /// Joins again, after a process was lost before the run had begun.
  void join_again() { member_->next_group(-1); }
  /// Whether the run survives the loss of workers.
  bool elastic() const;
  /// Makes the replicas and what advances them, after join().
  void build();

  const Catalogue& catalogue() const { return catalogue_; }
  const Configuration& configuration() const { return configuration_; }
  const RunLength& length() const { return length_; }
  int64_t parameters() const { return parameters_; }
  /// The memory that this process will use.
  const MemoryEstimate& memory() const { return memory_; }
  const Task& task() const { return *task_; }
  /// See Task::content.
  const std::map<std::string, std::string>& data_content() const { return data_content_; }
  Synchronous& method() { return *method_; }
  const Synchronous& method() const { return *method_; }
  Evaluation& evaluation() { return *evaluation_; }
  Communicator& group() { return member_ ? member_->group() : alone_; }
  Averager& averager() { return *averager_; }
  /// Null where there is only this process.
  GroupMember* member() { return member_.get(); }
  const GroupMember* member() const { return member_.get(); }
  /// Rank 0 of the present generation: writes the run's files.
  bool leads() { return group().rank() == 0; }
  int processes() const { return place_.size; }  ///< that the run was started with
  /// The peers that this process waits for.
  std::shared_ptr<Waits> waits() const { return waits_; }
  /// Whether the other processes are in the run already.
  bool enters_a_run() const;
  void set_out(const std::string& folder) { configuration_.run.out = folder; }
  /// Null where the run is not elastic.
  ResharingSampler* sampler_of_elastic_run() const { return resharing_.get(); }
  /// How long to wait for the other processes: without limit where deaths are reported, else comm.deadline.
  std::chrono::milliseconds patience() const;
  int64_t hosted_workers() const { return *configuration_.run.workers / place_.size; }

 private:
  MemoryNeed memory_need(const Model& model) const;
  bool looks_between_meetings() const;
  Grouping grouping() const;
  void build_inner_meeting();
  Identity identity() const;
  int least_processes() const;
  std::unique_ptr<ResharingSampler> make_resharing_sampler() const;

  const Catalogue& catalogue_;
  Configuration configuration_;
  Place place_;
  std::shared_ptr<Waits> waits_ = std::make_shared<Waits>();
  RunLength length_;
  int64_t parameters_ = 0;
  MemoryEstimate memory_;
  std::unique_ptr<Task> task_;
  std::map<std::string, std::string> data_content_;
  std::unique_ptr<Sampler> sampler_;
  std::unique_ptr<ThreadPool> pool_;
  std::unique_ptr<GroupMember> member_;
  Solo alone_;
  std::unique_ptr<ResharingSampler> resharing_;  // of elastic runs; the method's sampler then
  std::unique_ptr<Communicator> inner_group_;    // of the processes of this one's group of workers
  std::unique_ptr<InnerMeeting> inner_meeting_;
  std::unique_ptr<Averager> averager_;
  std::unique_ptr<LearningRate> learning_rate_;
  std::unique_ptr<Synchronous> method_;
  std::unique_ptr<Evaluation> evaluation_;
};

/// The initial parameters of the run: the weights of run.start_from, else fresh ones. Throws FileError,
/// DataError.
Vector starting_parameters(const Training& training);

/// Starts every worker of a new run from run.start_from: weights, and on request the optimizer's state, which
/// lies beside the weights in a checkpoint (worker i takes that of worker i, or of i modulo their number
/// where there were fewer). Throws FileError, DataError, CheckpointError.
void start_from_file(Training& training, const std::string& path, bool with_optimizer);

}  // namespace muster::inline engine
