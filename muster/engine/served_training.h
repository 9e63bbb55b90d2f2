#pragma once

#include <memory>
#include <vector>

#include "muster/app/keys/options.h"
#include "muster/asynchronous/async_server.h"
#include "muster/method/replica_worker.h"
#include "muster/rendezvous/identity.h"
#include "muster/schedule/learning_rate.h"
#include "muster/serve/vector_messages.h"
#include "muster/task/samplers/sampler.h"
#include "muster/task/task.h"

namespace muster::inline app {
class Catalogue;
}  // namespace muster::inline app

namespace muster::inline engine {

/// What a server and its workers are made of, built from a configuration.
class ServedTraining {
 public:
  /// Reads the data and completes the configuration with what depends on them. Throws OptionError, FileError,
  /// DataError.
  ServedTraining(const Catalogue& catalogue, Configuration configuration);

  const Catalogue& catalogue() const { return catalogue_; }
  const Configuration& configuration() const { return configuration_; }
  const Task& task() const { return *task_; }
  const Sampler& sampler() const { return *sampler_; }
  const Layout& parameters() const { return model_->parameters(); }
  const Layout& buffers() const { return model_->buffers(); }
  ElementType type() const { return model_->type(); }

  /// A server at the start of the run: with initial weights, or those of run.start_from.
  AsyncServer make_server() const;
  /// Borrows this.
  std::unique_ptr<AsyncWorker> make_worker() const;
  /// The messages that carry contributions (pushes) and parameters (pulls).
  std::unique_ptr<VectorMessages> pushes() const;
  std::unique_ptr<VectorMessages> pulls() const;
  bool error_feedback() const;
  /// What a worker must have in common with its server: version, layout, all of the configuration that the
  /// numbers depend on.
  Identity identity() const;

 private:
  DispatchOptions dispatch() const;

  const Catalogue& catalogue_;
  Configuration configuration_;
  std::unique_ptr<Task> task_;
  std::unique_ptr<Sampler> sampler_;
  std::unique_ptr<Model> model_;
  std::vector<LearningRate> learning_rates_;  // by shard
};

}  // namespace muster::inline engine
