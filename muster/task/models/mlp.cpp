#include "muster/task/models/mlp.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>

#include <algorithm>
#include <iterator>
#include <string>

#include "muster/task/models/fits_memory.h"

namespace muster::inline task {

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

// In floating point: the sizes that a user gives may exceed 64 bits.
double parameters_of(const MlpShape& shape) {
  double inputs = static_cast<double>(shape.inputs), all = 0;
  for (const int64_t width : shape.hidden) {
    all += (inputs + 1) * static_cast<double>(width);
    inputs = static_cast<double>(width);
  }
  return all + (inputs + 1) * static_cast<double>(shape.classes);
}

std::string beginning_of(const std::vector<int64_t>& widths) {
  constexpr ptrdiff_t most = 10;
  const auto end = widths.begin() + std::min(most, std::ssize(widths));
  return fmt::format("{}{}", fmt::join(widths.begin(), end, ","), end == widths.end() ? "" : ",...");
}

}  // namespace

TorchNetwork make_mlp(const MlpShape& shape) {
  require_memory_for(parameters_of(shape), "task.hidden", beginning_of(shape.hidden));
  auto module = std::make_shared<MlpModule>(shape);
  return {module, [module = module.get()](const at::Tensor& x, Dropout&) { return module->forward(x); }};
}

// Every layer's output, and its gradient.
int64_t mlp_activations(const MlpShape& shape) {
  int64_t outputs = shape.classes;
  for (const int64_t width : shape.hidden) outputs += width;
  return shape.inputs + 2 * outputs;
}

}  // namespace muster::inline task
