#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "muster/app/keys/options.h"
#include "muster/asynchronous/virtual_run.h"
#include "muster/checkpoint/safetensors.h"
#include "muster/comm/averager.h"
#include "muster/comm/solo.h"
#include "muster/report/arrivals_file.h"
#include "muster/schedule/learning_rate.h"
#include "muster/task/training_part.h"
#include "muster/train/evaluation.h"

namespace muster::inline app {
class Catalogue;
}  // namespace muster::inline app

namespace muster::inline engine {

/// Everything that an asynchronous run in virtual time is made of, built from a configuration and kept alive
/// together.
class SimulatedTraining {
 public:
  /// Reads the data, completes the configuration with what depends on them, and makes the server and its
  /// workers. `record`, where given, receives every event. Throws OptionError, FileError, DataError.
  SimulatedTraining(const Catalogue& catalogue, Configuration configuration, EventLogWriter* record);
  /// For a replay: a server without workers.
  SimulatedTraining(const Catalogue& catalogue, Configuration configuration);

  const Catalogue& catalogue() const { return catalogue_; }
  const Configuration& configuration() const { return configuration_; }
  const Task& task() const { return *task_; }
  AsyncServer& server() { return *server_; }
  VirtualRun& run() { return *run_; }
  int64_t parameters() const { return server_->parameters().size(); }

  /// Training and held-out loss of the server's parameters as of now.
  MeasurementLine measure(double time, int64_t local_steps);
  /// The server's model, for a file; measured before.
  NamedTensors model();

 private:
  void build_task_and_server();
  void check_memory_for_workers(const Model& model) const;
  Vector first_parameters() const;

  const Catalogue& catalogue_;
  Configuration configuration_;
  std::unique_ptr<Task> task_;
  std::unique_ptr<TrainingPart> training_part_;
  std::unique_ptr<Sampler> sampler_;
  std::unique_ptr<ThreadPool> pool_;
  std::vector<LearningRate> learning_rates_;  // by shard
  Solo alone_;
  std::unique_ptr<Averager> averager_;
  std::unique_ptr<Evaluation> held_out_, trained_on_;
  std::unique_ptr<AsyncServer> server_;
  std::unique_ptr<VirtualClock> clock_;
  std::unique_ptr<VirtualRun> run_;
  Vector buffers_;  // BatchNorm's statistics, estimated by the last measurement
};

/// XXH64 of all tensors and numbers of a state, in the order of their names, as 16 hexadecimal digits.
std::string checksum_of(const State& state);

}  // namespace muster::inline engine
