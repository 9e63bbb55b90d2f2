#include "muster/task/models/nn_model.h"

#include <torch/csrc/autograd/autograd.h>
#include <torch/nn/functional/loss.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <utility>

#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/base/random_fill.h"
#include "muster/libtorch/tensor_vector.h"
#include "muster/task/models/autocast.h"

namespace muster::inline task {

namespace {

namespace nn = torch::nn;
namespace F = torch::nn::functional;

std::optional<Initial> usual_initial(const nn::Module& module, const std::string& name,
                                     const at::Tensor& parameter) {
  using enum Initial::Kind;
  if (module.as<nn::Conv2d>()) {
    if (name == "bias") return Initial{constant, 0};
    return Initial{normal, std::sqrt(2.0 / static_cast<double>(parameter.numel() / parameter.size(1)))};
  }
  if (const auto* linear = module.as<nn::Linear>())
    return Initial{uniform, 1.0 / std::sqrt(static_cast<double>(linear->options.in_features()))};
  if (module.as<nn::Embedding>()) return Initial{normal, 1};
  if (module.as<nn::BatchNorm2d>() || module.as<nn::GroupNorm>() || module.as<nn::LayerNorm>())
    return Initial{constant, name == "weight" ? 1.0 : 0.0};
  return std::nullopt;
}

template <class Number>
void begin_as(const Initial& initial, const RandomKey& key, std::span<Number> values, ThreadPool& pool) {
  switch (initial.kind) {
    case Initial::Kind::constant:
      return std::fill(values.begin(), values.end(), static_cast<Number>(initial.value));
    case Initial::Kind::normal:
      return fill_normal(key, initial.value, values, pool);
    case Initial::Kind::uniform:
      return fill_uniform(key, initial.value, values, pool);
  }
}

/// The elements of a tensor that is a contiguous part of a flat vector.
template <class Number>
std::span<Number> elements_of(const at::Tensor& tensor) {
  return {tensor.data_ptr<Number>(), static_cast<size_t>(tensor.numel())};
}

/// Logits with one row for each target, and the targets as the loss wants them.
at::Tensor rows_of(const at::Tensor& logits) { return logits.flatten(0, -2); }
at::Tensor flat_targets(const at::Tensor& targets) {
  return targets.is_floating_point() ? targets : targets.flatten();
}

class NnModel final : public Model {
 public:
  NnModel(TorchNetwork network, const NnOptions& options) : network_(std::move(network)), options_(options) {
    for (const auto& item : network_.module->named_modules()) add_module(item.key(), item.value());
    invariant(!weights_.empty(), "a model without parameters");
  }

  const Layout& parameters() const override { return parameters_; }
  const Layout& buffers() const override { return buffers_; }
  ElementType type() const override { return element_type(options_.type); }
  void bind(at::Tensor parameters, at::Tensor gradient, at::Tensor buffers) override;
  void initialise(ThreadPool& pool) override;
  double loss_and_gradient(const Batch& batch, const RandomKey& noise) override;
  double hessian_product(const Batch& batch, const RandomKey& noise, const at::Tensor& vector,
                         at::Tensor& product) override;
  Score score(const Batch& batch) override;
  void start_statistics() override;
  void observe(const Batch& batch) override;

 private:
  void add_module(const std::string& path, const std::shared_ptr<nn::Module>& module);
  at::Tensor forward(const at::Tensor& inputs, Dropout& dropout);
  at::Tensor mean_loss(const Batch& batch, Dropout& dropout);
  double add_gradient(const Batch& batch, Dropout& dropout, double share);
  void set_momentum(double momentum);
  void set_training(bool training) {
    if (network_.module->is_training() != training) network_.module->train(training);
  }

  TorchNetwork network_;
  NnOptions options_;
  bool has_convolutions_ = false;
  Layout parameters_;
  Layout buffers_;
  std::vector<at::Tensor> weights_;             // as in parameters_
  std::vector<Initial> initial_;                // of weights_
  std::vector<at::Tensor> statistics_;          // as in buffers_
  std::vector<at::Tensor> initial_statistics_;  // of statistics_
  std::vector<nn::BatchNorm2dImpl*> batch_norms_;
  at::Tensor gradient_;
  int64_t observed_ = 0;
  bool bound_ = false;
};

void NnModel::add_module(const std::string& path, const std::shared_ptr<nn::Module>& module) {
  if (module->as<nn::Conv2d>()) has_convolutions_ = true;
  const std::string prefix = path.empty() ? "" : path + ".";
  for (const auto& own : module->named_parameters(/*recurse=*/false)) {
    auto initial = network_.initial ? network_.initial(prefix + own.key()) : std::nullopt;
    if (!initial) initial = usual_initial(*module, own.key(), own.value());
    if (!initial) throw Bug("no initialisation is known for the parameter '" + prefix + own.key() + "'");
    initial_.push_back(*initial);
    weights_.push_back(own.value());
    // Norm weights and biases are the parameters of one dimension.
    parameters_.add(prefix + own.key(), own.value().sizes().vec(), own.value().dim() <= 1);
  }
  // Integer buffers (BatchNorm's counter of batches) have no part in training.
  for (const auto& own : module->named_buffers(/*recurse=*/false)) {
    if (!own.value().is_floating_point()) continue;
    statistics_.push_back(own.value());
    initial_statistics_.push_back(own.value().detach().to(options_.type, false, /*copy=*/true));
    buffers_.add(prefix + own.key(), own.value().sizes().vec());
  }
  if (auto* norm = module->as<nn::BatchNorm2d>()) batch_norms_.push_back(norm);
}

void NnModel::bind(at::Tensor parameters, at::Tensor gradient, at::Tensor buffers) {
  const bool learns = gradient.defined();
  invariant(parameters.numel() == parameters_.size() && buffers.numel() == buffers_.size() &&
                (!learns || gradient.numel() == parameters_.size()),
            "a model was bound to vectors of another size");
  invariant(parameters.scalar_type() == options_.type && (!learns || gradient.scalar_type() == options_.type),
            "a model was bound to vectors of another type");
  const torch::NoGradGuard no_grad;
  gradient_ = gradient;
  for (size_t i = 0; i < weights_.size(); ++i) {
    const Piece& piece = parameters_.pieces()[i];
    weights_[i].mutable_grad() = at::Tensor();  // a gradient has its parameter's type
    weights_[i].set_data(view_of(parameters, piece));
    if (learns) weights_[i].mutable_grad() = view_of(gradient, piece);
  }
  for (size_t i = 0; i < statistics_.size(); ++i)
    statistics_[i].set_data(view_of(buffers, buffers_.pieces()[i]));
  bound_ = true;
}

// Parameter i is drawn from a stream of its own.
void NnModel::initialise(ThreadPool& pool) {
  invariant(bound_, "initialise before bind");
  const torch::NoGradGuard no_grad;
  for (size_t i = 0; i < weights_.size(); ++i) {
    const RandomKey key{options_.seed, Purpose::initialisation, i, 0};
    if (options_.type == at::kDouble)
      begin_as(initial_[i], key, elements_of<double>(weights_[i]), pool);
    else
      begin_as(initial_[i], key, elements_of<float>(weights_[i]), pool);
  }
  for (size_t i = 0; i < statistics_.size(); ++i) statistics_[i].copy_(initial_statistics_[i]);
}

// Convolutions and norms work without reordering when the channels of a pixel lie side by side.
at::Tensor NnModel::forward(const at::Tensor& inputs, Dropout& dropout) {
  const bool images = has_convolutions_ && inputs.dim() == 4;
  return network_.forward(images ? inputs.contiguous(at::MemoryFormat::ChannelsLast) : inputs, dropout);
}

// Autograd adds to a defined .grad in place, so after zeroing the vector the views hold the gradient.
double NnModel::loss_and_gradient(const Batch& batch, const RandomKey& noise) {
  invariant(gradient_.defined(), "loss_and_gradient before bind");
  const torch::AutoGradMode with_grad(true);
  set_training(true);
  gradient_.zero_();
  Dropout dropout(noise);
  const int64_t size = batch.size();
  const int64_t part = (size + options_.micro_batches - 1) / options_.micro_batches;
  if (part >= size) return add_gradient(batch, dropout, 1.0);
  double loss = 0;
  for (int64_t first = 0; first < size; first += part) {
    const int64_t count = std::min(part, size - first);
    const Batch piece{batch.inputs.narrow(0, first, count), batch.targets.narrow(0, first, count)};
    loss += add_gradient(piece, dropout, static_cast<double>(count) / static_cast<double>(size));
  }
  return loss;
}

at::Tensor NnModel::mean_loss(const Batch& batch, Dropout& dropout) {
  const auto smoothed = F::CrossEntropyFuncOptions().label_smoothing(options_.label_smoothing);
  const at::Tensor logits = forward(batch.inputs, dropout).to(options_.type);
  return F::cross_entropy(rows_of(logits), flat_targets(batch.targets), smoothed);
}

// H v = d(g . v): the gradient's own graph is kept and differentiated once more, in full precision.
double NnModel::hessian_product(const Batch& batch, const RandomKey& noise, const at::Tensor& vector,
                                at::Tensor& product) {
  invariant(vector.numel() == parameters_.size() && product.numel() == parameters_.size(),
            "the product with the Hessian needs vectors of the parameters' size");
  const torch::AutoGradMode with_grad(true);
  set_training(true);
  Dropout dropout(noise);
  const at::Tensor loss = mean_loss(batch, dropout);
  const auto gradients = torch::autograd::grad({loss}, weights_, {}, true, true, true);
  at::Tensor along = at::zeros({}, loss.options());
  for (size_t i = 0; i < weights_.size(); ++i)
    if (gradients[i].defined())
      along = along + (gradients[i] * view_of(vector, parameters_.pieces()[i])).sum();
  product.zero_();
  if (!along.requires_grad()) return loss.item<double>();
  const auto products = torch::autograd::grad({along}, weights_, {}, false, false, true);
  for (size_t i = 0; i < weights_.size(); ++i)
    if (products[i].defined()) view_of(product, parameters_.pieces()[i]).copy_(products[i]);
  return loss.item<double>();
}

// gradient += share * d(mean loss of the batch); returns share * loss.
double NnModel::add_gradient(const Batch& batch, Dropout& dropout, double share) {
  at::Tensor loss;
  {
    const Bf16Scope precision(options_.bf16);
    loss = mean_loss(batch, dropout);
    if (share != 1.0) loss = loss * share;
  }
  loss.backward();
  return loss.item<double>();
}

// One hit or miss for each target: an image, or a place of a text.
Score NnModel::score(const Batch& batch) {
  const torch::NoGradGuard no_grad;
  set_training(false);
  const Bf16Scope precision(options_.bf16);
  Dropout none;
  const at::Tensor logits = rows_of(forward(batch.inputs, none).to(options_.type));
  const at::Tensor targets = flat_targets(batch.targets);
  const auto sum = F::CrossEntropyFuncOptions().reduction(torch::kSum);
  const double loss = F::cross_entropy(logits, targets, sum).item<double>();
  const int64_t correct = logits.argmax(1).eq(targets).sum().item<int64_t>();
  return {loss, correct, targets.size(0)};
}

void NnModel::set_momentum(double momentum) {
  for (nn::BatchNorm2dImpl* norm : batch_norms_) norm->options.momentum(momentum);
}

// Zeroed because 0 x (not a number) would survive the first batch.
void NnModel::start_statistics() {
  observed_ = 0;
  for (at::Tensor& statistic : statistics_) statistic.zero_();
}

// Momentum 1/(1 + index) makes running statistics the plain mean; training goes on with torch's 0.1.
void NnModel::observe(const Batch& batch) {
  if (batch_norms_.empty()) return;
  const torch::NoGradGuard no_grad;
  set_training(true);
  const double usual = batch_norms_.front()->options.momentum().value();
  set_momentum(1.0 / static_cast<double>(++observed_));
  Dropout none;
  forward(batch.inputs, none);
  set_momentum(usual);
}

}  // namespace

void NnOptions::validate() const {
  if (bf16 && !processor_has_bf16())
    throw OptionError("run.precision", "bf16", "this processor has no bf16 instructions; use fp32");
  if (micro_batches < 1)
    throw OptionError("run.micro_batches", std::to_string(micro_batches), "must be at least 1");
  if (!(label_smoothing >= 0 && label_smoothing < 1))
    throw OptionError("task.label_smoothing", format_number(label_smoothing), "must be 0 to below 1");
}

std::unique_ptr<Model> make_nn_model(TorchNetwork network, const NnOptions& options) {
  options.validate();
  return std::make_unique<NnModel>(std::move(network), options);
}

}  // namespace muster::inline task
