#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "muster/base/random.h"
#include "muster/base/thread_pool.h"
#include "muster/flat/element_type.h"
#include "muster/flat/layout.h"
#include "muster/flat/vector.h"

namespace muster::inline task {

/// A minibatch: inputs with the batch as first dimension, targets as the task's loss wants them (classes:
/// int64).
struct Batch {
  at::Tensor inputs;
  at::Tensor targets;
  int64_t size() const { return targets.size(0); }
};

/// Sums over samples, so that scores of parts add up. Divide by `samples`.
struct Score {
  double loss = 0;
  int64_t correct = 0;
  int64_t samples = 0;
  void add(const Score& other) {
    loss += other.loss;
    correct += other.correct;
    samples += other.samples;
  }
};

/// One replica's network and loss. Not for two threads at once; different models may run at the same time.
class Model {
 public:
  virtual ~Model() = default;
  virtual const Layout& parameters() const = 0;
  virtual const Layout& buffers() const = 0;  ///< BatchNorm's running statistics; may be empty
  /// float32 or float64, of parameters, gradient and buffers.
  virtual ElementType type() const = 0;
  /// Binds the model to these vectors (sizes as the layouts say) and the values that they hold: every
  /// parameter, its gradient and every buffer becomes a view. Where `gradient` is undefined, the model has no
  /// gradient and can only be scored and observed.
  virtual void bind(at::Tensor parameters, at::Tensor gradient, at::Tensor buffers) = 0;
  /// Bound parameters and buffers <- initial values, a function of the seed: the same bits for any number of
  /// threads.
  virtual void initialise(ThreadPool& pool) = 0;
  /// Forward and backward in training mode: gradient <- d(mean loss)/d(parameters) (overwritten, not added).
  /// Returns the mean loss of the batch. `noise` names the streams of dropout and the like.
  virtual double loss_and_gradient(const Batch& batch, const RandomKey& noise) = 0;
  /// product <- H vector, H the Hessian of the batch's mean loss in training mode at the present parameters,
  /// by differentiating twice (Pearlmutter, 1994); both flat, of type(). Running statistics move as in
  /// training. Returns the mean loss. Throws Error where the model cannot.
  virtual double hessian_product(const Batch& batch, const RandomKey& noise, const at::Tensor& vector,
                                 at::Tensor& product);
  /// Loss and hits in evaluation mode; changes nothing.
  virtual Score score(const Batch& batch) = 0;
  /// Re-estimation of BatchNorm statistics: starts a plain mean over the batches observed after it.
  virtual void start_statistics() = 0;
  virtual void observe(const Batch& batch) = 0;  ///< forward in training mode without gradient
};

/// bind(), and initialise() by this thread alone.
void bind_initial(Model& model, at::Tensor parameters, at::Tensor gradient, at::Tensor buffers);

/// The initial values of a model.
struct InitialValues {
  Vector parameters, buffers;
};
/// Makes them in new vectors, to which `model` is bound afterwards, without a gradient.
InitialValues initial_values(Model& model, ThreadPool& pool);

/// The problem that is trained: model, data and loss. All members are const and may be called from several
/// threads at once.
class Task {
 public:
  virtual ~Task() = default;
  virtual std::string name() const = 0;
  /// Initial weights are a function of the seed: the same in every call.
  virtual std::unique_ptr<Model> make_model() const = 0;
  virtual int64_t train_size() const = 0;
  virtual int64_t test_size() const = 0;
  /// Training samples by index, augmented as (seed, epoch, sample) says.
  virtual Batch train_batch(std::span<const int64_t> samples, int64_t epoch) const = 0;
  /// Test samples first ... first + count - 1, not augmented.
  virtual Batch test_batch(int64_t first, int64_t count) const = 0;
  /// Bytes held by one forward and backward pass over `batch` samples, estimated (for the check before the
  /// start).
  virtual int64_t activation_bytes(int64_t batch) const = 0;

  /// The class of each training sample, for splits by class; empty where samples have none.
  virtual std::vector<int64_t> train_classes() const { return {}; }
  /// The document of each training sample, for splits by document; empty where there are none.
  virtual std::vector<int64_t> train_documents() const { return {}; }
  /// The least mean loss that any model can reach on the test data in expectation, where it is known; in
  /// nats.
  virtual std::optional<double> loss_floor() const { return std::nullopt; }
  /// Names of the classes, in the order of their numbers; empty where they have none.
  virtual std::vector<std::string> class_names() const { return {}; }
  /// Digests of the data, texts that differ where the data do, by use ("training", "test"); empty where the
  /// configuration determines the data. May read a part of the data. Throws FileError, DataError.
  virtual std::map<std::string, std::string> content() const { return {}; }
  /// One line for each set of samples, for the start of a run: how many, where from, what was left alone.
  virtual std::vector<std::string> introduction() const { return {}; }
  /// Why the data on the disk can no longer be those that the run began with (a file was shortened).
  virtual std::optional<std::string> data_problem() const { return std::nullopt; }
  /// Samples left out so far because their files could not be read or decoded.
  virtual int64_t skipped_samples() const { return 0; }
  /// Findings in the samples read so far, a line each: what was left out and why, and oddities.
  virtual std::vector<std::string> findings() const { return {}; }
};

}  // namespace muster::inline task
