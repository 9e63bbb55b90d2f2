#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "muster/comm/averager.h"
#include "muster/flat/vector.h"
#include "muster/task/samplers/sampler.h"
#include "muster/task/task.h"

namespace muster::inline train {

struct EvaluationOptions {
  int64_t batch = 100;              ///< test samples per forward pass
  int64_t workers = 1;              ///< at the start of the run, as in the sampler
  int64_t hosted_workers = 1;       ///< whose training batches re-estimate the BatchNorm statistics here
  int64_t statistics_batches = 32;  ///< training batches for that, over all workers
  std::chrono::milliseconds deadline = std::chrono::minutes(30);  ///< for the other processes
};

/// Measures a model on the test set, on models of its own: the replicas are not touched. The processes of a
/// group share the work, so every rank calls the same members with the same model; all get the same answers.
class Evaluation {
 public:
  /// What is borrowed must outlive it.
  Evaluation(const Task& task, const Sampler& sampler, Averager& averager, EvaluationOptions options);

  /// buffers <- BatchNorm statistics re-estimated for these parameters: every worker runs its share of
  /// training batches (at least one) forward with the parameters held still and takes the plain mean over its
  /// batches; the workers' means are averaged (Gu et al. 2024). The same batches in every call. Does nothing
  /// for models without statistics.
  void estimate_statistics(const Vector& parameters, Vector& buffers);

  /// Loss and hits over the whole test set. Throws DataError when none of its samples could be read.
  Score score(const Vector& parameters, const Vector& buffers);

  /// See Task::data_problem.
  std::optional<std::string> data_problem() const { return task_.data_problem(); }
  const Layout& parameters() const { return models_[0].model->parameters(); }
  const Layout& buffers() const { return models_[0].model->buffers(); }
  ElementType type() const { return models_[0].model->type(); }

 private:
  void gather(std::vector<Score>& scores);

  /// One thread's model. It lives in the parameters that are measured, and in buffers of its own.
  struct ThreadModel {
    std::unique_ptr<Model> model;
    Vector buffers;
    void look_at(const Vector& parameters);
  };

  const Task& task_;
  const Sampler& sampler_;
  Averager& averager_;
  EvaluationOptions options_;
  std::vector<ThreadModel> models_;
};

}  // namespace muster::inline train
