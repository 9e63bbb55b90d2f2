#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "muster/task/models/dropout.h"
#include "muster/task/task.h"

namespace torch::nn {
class Module;
}

namespace muster::inline task {

/// The initial values of a parameter.
struct Initial {
  enum class Kind { constant, normal, uniform } kind = Kind::constant;
  double value = 0;  ///< the constant, the standard deviation, or the bound of (-bound, bound)
};

/// A torch module and its forward pass: inputs -> logits, classes last: batch x classes, or batch x places x
/// classes. Masks are drawn from the Dropout in the order of the calls.
struct TorchNetwork {
  std::shared_ptr<torch::nn::Module> module;
  std::function<at::Tensor(const at::Tensor&, Dropout&)> forward;
  /// Initial values by a parameter's full name, where they differ from those of make_nn_model; may be empty.
  std::function<std::optional<Initial>(const std::string&)> initial;
};

/// How a network is trained.
struct NnOptions {
  uint64_t seed = 0;                 ///< of the initial weights
  at::ScalarType type = at::kFloat;  ///< or at::kDouble
  bool bf16 = false;                 ///< products and convolutions in bf16, everything kept in fp32
  int64_t micro_batches = 1;         ///< equal parts (the last smaller) whose gradients are added up; >= 1
  double label_smoothing = 0;        ///< share of the target spread evenly over the classes; in [0, 1)
  /// Throws OptionError on run.precision, run.micro_batches or task.label_smoothing.
  void validate() const;
};

/// Makes a classifier (cross entropy, mean over the batch and its places) of a torch module of convolutions,
/// linear layers, embeddings, BatchNorm, LayerNorm and GroupNorm. Targets are classes (int64: batch, or batch
/// x places) or their probabilities (float: batch x classes). Initial weights are a function of the seed, not
/// of torch's global generator: convolutions normal with variance 2 / (outputs x kernel area) (He et al.,
/// ICCV 2015, fan out), their biases 0, linear weights and biases uniform within +-1/sqrt(inputs), embeddings
/// normal(0, 1), norms 1 and 0; other parameters need TorchNetwork::initial. Throws Bug for a parameter that
/// it cannot initialise.
std::unique_ptr<Model> make_nn_model(TorchNetwork network, const NnOptions& options);

}  // namespace muster::inline task
