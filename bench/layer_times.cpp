// Where the time of a step goes: forward operations and backward nodes by name and shape, of one worker and
// one thread. From torch's own record of operations (at::RecordFunction), the outermost ones alone.
//   bench_layer_times resnet20|gpt [STEPS]
// resnet20: 32 images of 32 x 32; gpt: 8 samples of 128 tokens, 10.8 M parameters.
#include <ATen/Functions.h>
#include <ATen/record_function.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "muster/base/error.h"
#include "muster/base/stopwatch.h"
#include "muster/flat/vector.h"
#include "muster/libtorch/kernel_threads.h"
#include "muster/libtorch/tensor_vector.h"
#include "muster/task/models/gpt.h"
#include "muster/task/models/image_model.h"
#include "muster/task/models/nn_model.h"

namespace {

using namespace muster;

struct Spent {
  double seconds = 0;
  int64_t calls = 0;
};

// What the callbacks, which are plain functions, write into.
struct Record {
  std::map<std::string, Spent> by_name;
  int depth = 0;
};
Record& record() {
  static Record the_record;
  return the_record;
}

struct Outermost : at::ObserverContext {
  std::string name;
  Stopwatch watch;
};

std::string title(const at::RecordFunction& function) {
  std::string name = function.name();
  const size_t last = name.rfind("::");
  if (last != std::string::npos) name = name.substr(last + 2);
  if (name.ends_with('>')) name = "backward of " + name.substr(0, name.size() - 1);  // CppNode<...>
  for (const c10::IValue& input : function.inputs())
    if (input.isTensor() && input.toTensor().defined())
      return fmt::format("{} [{}]", name, fmt::join(input.toTensor().sizes(), ", "));
  return name;
}

// The engine's own frame around a node tells no shapes.
bool is_frame(const at::RecordFunction& function) {
  return std::string(function.name()).starts_with("autograd::engine::evaluate_function");
}

std::unique_ptr<at::ObserverContext> enter(const at::RecordFunction& function) {
  if (is_frame(function)) return nullptr;
  if (record().depth++ > 0) return nullptr;
  auto context = std::make_unique<Outermost>();
  context->name = title(function);
  return context;
}

void leave(const at::RecordFunction& function, at::ObserverContext* context) {
  if (is_frame(function)) return;
  --record().depth;
  if (context == nullptr) return;
  const auto* outermost = static_cast<Outermost*>(context);
  Spent& spent = record().by_name[outermost->name];
  spent.seconds += outermost->watch.seconds();
  ++spent.calls;
}

struct Work {
  std::unique_ptr<Model> model;
  Batch batch;
};

Work make_work(const std::string& name) {
  if (name == "resnet20")
    return {make_image_model({.network = ImageNetwork::resnet20}, {}),
            {at::randn({32, 3, 32, 32}).contiguous(at::MemoryFormat::ChannelsLast),
             at::randint(10, {32}, at::kLong)}};
  GptShape shape;
  shape.context = 128;
  shape.layers = shape.heads = 6;
  shape.width = 384;
  return {make_nn_model(make_gpt(shape), {}),
          {at::randint(256, {8, 128}, at::kLong), at::randint(256, {8, 128}, at::kLong)}};
}

void print_table(double seconds, int64_t steps) {
  std::vector<std::pair<std::string, Spent>> rows(record().by_name.begin(), record().by_name.end());
  std::sort(rows.begin(), rows.end(),
            [](const auto& a, const auto& b) { return a.second.seconds > b.second.seconds; });
  double told = 0, all = 0;
  for (const auto& [name, spent] : rows) all += spent.seconds;
  const auto line = [&](const std::string& name, double part, const std::string& calls) {
    fmt::print("{:<58} {:>6} {:>8.3f} ms {:>6.1f} %\n", name, calls, 1e3 * part / static_cast<double>(steps),
               100 * part / seconds);
  };
  for (const auto& [name, spent] : rows) {
    if (spent.seconds < 0.005 * seconds) break;
    line(name, spent.seconds, std::to_string(spent.calls / steps));
    told += spent.seconds;
  }
  line("smaller ones together", all - told, "");
  line("outside of recorded operations", seconds - all, "");
  line("a step: forward and backward", seconds, "");
}

}  // namespace

int main(int argc, char** argv) {
  const std::string name = argc > 1 ? argv[1] : "";
  const int64_t steps = argc > 2 ? std::atoll(argv[2]) : 30;
  if ((name != "resnet20" && name != "gpt") || steps < 1) {
    fmt::print(stderr, "usage: bench_layer_times resnet20|gpt [STEPS]\n");
    return 2;
  }
  use_single_threaded_kernels();
  const Work work = make_work(name);
  Model& model = *work.model;
  const Vector parameters = flat_vector(model.parameters().size(), model.type()),
               gradient = flat_vector(model.parameters().size(), model.type()),
               buffers = flat_vector(model.buffers().size(), model.type());
  bind_initial(model, tensor_of(parameters), tensor_of(gradient), tensor_of(buffers));
  for (int i = 0; i < 5; ++i) model.loss_and_gradient(work.batch, {});
  at::addGlobalCallback(at::RecordFunctionCallback(enter, leave)
                            .needsInputs(true)
                            .scopes({at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION}));
  const Stopwatch watch;
  for (int64_t i = 0; i < steps; ++i) model.loss_and_gradient(work.batch, {});
  print_table(watch.seconds(), steps);
  return 0;
}
