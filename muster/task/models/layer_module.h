#pragma once

#include <torch/nn/module.h>

#include <functional>
#include <memory>
#include <utility>

#include "muster/task/models/nn_model.h"

namespace muster::inline task {

// Layers that state their initial values, which make_nn_model draws, instead of drawing them when they are
// made, as torch's own do from its global generator. So a network can be counted without touching its memory.

/// Normal with variance 2 / (outputs x kernel area): He et al., ICCV 2015, fan out.
Initial he_normal(int64_t outputs, int64_t kernel);
/// Uniform within +-1 / sqrt(fan in): what torch's layers begin with, weights and biases.
Initial fan_in_uniform(int64_t fan_in);
inline Initial normal_start(double deviation) { return {Initial::Kind::normal, deviation}; }
inline Initial zero_start() { return {Initial::Kind::constant, 0}; }

/// A layer with a weight and perhaps a bias.
class BlankLayer : public torch::nn::Module {
 public:
  const Initial& weight_start() const { return weight_start_; }
  const Initial& bias_start() const { return bias_start_; }

 protected:
  BlankLayer(Initial weight, Initial bias) : weight_start_(weight), bias_start_(bias) {}
  at::Tensor weight_;
  at::Tensor bias_;  ///< may be undefined

 private:
  Initial weight_start_, bias_start_;
};

struct ConvolutionShape {
  int64_t inputs = 1, outputs = 1, kernel = 1, stride = 1, padding = 0;
  bool bias = false;
  int64_t fan_in() const { return inputs * kernel * kernel; }
};

class Convolution : public BlankLayer {
 public:
  Convolution(const ConvolutionShape& shape, Initial weight, Initial bias = zero_start());
  at::Tensor forward(const at::Tensor& x) const;

 private:
  ConvolutionShape shape_;
};

class LinearLayer : public BlankLayer {
 public:
  LinearLayer(int64_t inputs, int64_t outputs, bool with_bias, Initial weight, Initial bias = zero_start());
  at::Tensor forward(const at::Tensor& x) const;
};

/// Both have torch's initial values.
std::shared_ptr<LinearLayer> torch_linear(int64_t inputs, int64_t outputs, bool with_bias = true);
std::shared_ptr<Convolution> torch_convolution(const ConvolutionShape& shape);

/// One step of a forward pass.
using Step = std::function<at::Tensor(const at::Tensor&, Dropout&)>;

/// Steps one after the other, as in torch's Sequential: modules are called by their place, "0", "1", ...
class Chain : public torch::nn::Module {
 public:
  /// Adds a module and the step that applies it.
  void add(std::shared_ptr<torch::nn::Module> module, Step step);
  /// A module that has forward(x).
  template <class Layer>
  void add(const std::shared_ptr<Layer>& layer) {
    add(layer, [layer = layer.get()](const at::Tensor& x, Dropout&) { return layer->forward(x); });
  }
  /// A step without parameters.
  void add(Step step);
  /// A place whose work the step before it does (a ReLU within its norm).
  void skip() { ++place_; }

  at::Tensor forward(at::Tensor x, Dropout& dropout) const;

 private:
  std::vector<Step> steps_;
  int64_t place_ = 0;
};

/// The network of a module and its forward pass, in which images have their channels last. The closure
/// borrows the module, which the network owns.
TorchNetwork image_network_of(std::shared_ptr<torch::nn::Module> module,
                              std::function<at::Tensor(const at::Tensor&, Dropout&)> forward);

}  // namespace muster::inline task
