#include "muster/task/models/layer_module.h"

#include <ATen/Functions.h>

#include <cmath>
#include <map>
#include <string>

namespace muster::inline task {

Initial he_normal(int64_t outputs, int64_t kernel) {
  return normal_start(std::sqrt(2.0 / static_cast<double>(outputs * kernel * kernel)));
}

Initial fan_in_uniform(int64_t fan_in) {
  return {Initial::Kind::uniform, 1.0 / std::sqrt(static_cast<double>(fan_in))};
}

Convolution::Convolution(const ConvolutionShape& shape, Initial weight, Initial bias)
    : BlankLayer(weight, bias), shape_(shape) {
  weight_ =
      register_parameter("weight", at::empty({shape.outputs, shape.inputs, shape.kernel, shape.kernel}));
  if (shape.bias) bias_ = register_parameter("bias", at::empty({shape.outputs}));
}

at::Tensor Convolution::forward(const at::Tensor& x) const {
  return at::conv2d(x, weight_, bias_, shape_.stride, shape_.padding);
}

LinearLayer::LinearLayer(int64_t inputs, int64_t outputs, bool with_bias, Initial weight, Initial bias)
    : BlankLayer(weight, bias) {
  weight_ = register_parameter("weight", at::empty({outputs, inputs}));
  if (with_bias) bias_ = register_parameter("bias", at::empty({outputs}));
}

at::Tensor LinearLayer::forward(const at::Tensor& x) const { return at::linear(x, weight_, bias_); }

std::shared_ptr<LinearLayer> torch_linear(int64_t inputs, int64_t outputs, bool with_bias) {
  const Initial start = fan_in_uniform(inputs);
  return std::make_shared<LinearLayer>(inputs, outputs, with_bias, start, start);
}

std::shared_ptr<Convolution> torch_convolution(const ConvolutionShape& shape) {
  const Initial start = fan_in_uniform(shape.fan_in());
  return std::make_shared<Convolution>(shape, start, start);
}

void Chain::add(std::shared_ptr<torch::nn::Module> module, Step step) {
  register_module(std::to_string(place_), std::move(module));
  add(std::move(step));
}

void Chain::add(Step step) {
  steps_.push_back(std::move(step));
  ++place_;
}

at::Tensor Chain::forward(at::Tensor x, Dropout& dropout) const {
  for (const Step& step : steps_) x = step(x, dropout);
  return x;
}

TorchNetwork image_network_of(std::shared_ptr<torch::nn::Module> module,
                              std::function<at::Tensor(const at::Tensor&, Dropout&)> forward) {
  std::map<std::string, Initial> starts;
  for (const auto& item : module->named_modules()) {
    const auto* layer = item.value()->as<BlankLayer>();
    if (layer == nullptr) continue;
    starts[item.key() + ".weight"] = layer->weight_start();
    starts[item.key() + ".bias"] = layer->bias_start();
  }
  const auto initial = [starts = std::move(starts)](const std::string& name) -> std::optional<Initial> {
    const auto found = starts.find(name);
    return found == starts.end() ? std::nullopt : std::optional(found->second);
  };
  const auto channels_last = [forward = std::move(forward)](const at::Tensor& images, Dropout& dropout) {
    return forward(images.contiguous(at::MemoryFormat::ChannelsLast), dropout);
  };
  return {std::move(module), channels_last, initial};
}

}  // namespace muster::inline task
