#include "muster/task/mlp.h"

#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>

#include <string>

namespace muster {

namespace {

struct MlpModule : torch::nn::Module {
  explicit MlpModule(const MlpShape& shape) {
    int64_t inputs = shape.inputs;
    std::vector<int64_t> outputs = shape.hidden;
    outputs.push_back(shape.classes);
    for (const int64_t width : outputs) {
      const std::string name = "fc" + std::to_string(layers.size() + 1);
      layers.push_back(register_module(name, torch::nn::Linear(inputs, width)));
      inputs = width;
    }
  }

  at::Tensor forward(at::Tensor x) {
    x = x.flatten(1);
    for (size_t i = 0; i + 1 < layers.size(); ++i) x = layers[i]->forward(x).relu_();
    return layers.back()->forward(x);
  }

  std::vector<torch::nn::Linear> layers;
};

}  // namespace

Network make_mlp(const MlpShape& shape) {
  auto module = std::make_shared<MlpModule>(shape);
  return {module, [module = module.get()](const at::Tensor& x, Dropout&) { return module->forward(x); }};
}

// Every layer's output, and its gradient.
int64_t mlp_activations(const MlpShape& shape) {
  int64_t outputs = shape.classes;
  for (const int64_t width : shape.hidden) outputs += width;
  return shape.inputs + 2 * outputs;
}

}  // namespace muster
