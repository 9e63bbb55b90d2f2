// A training loop of one's own without LibTorch: the model is two arrays, whose pointers and shapes are all
// that Muster needs to make the loop a local gradient method. Half-way it writes a checkpoint; a second model
// goes on from there and ends at the same bits.
//
//     linear_model [FOLDER]        where the checkpoints go ("linear_model.checkpoints")
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "muster/base/random.h"
#include "muster/muster.h"

namespace {

constexpr int64_t inputs = 8, total_steps = 400;
constexpr double learning_rate = 0.05;

struct LinearModel {
  std::vector<float> weights = std::vector<float>(inputs), bias = std::vector<float>(1);

  muster::Segments segments() {
    return {{.values = weights.data(), .shape = {inputs}, .name = "weights"},
            {.values = bias.data(), .shape = {1}, .name = "bias"}};
  }
};

/// Steps of stochastic gradient descent on (w x + b - y)^2 / 2. Every rank and every step has a point x of
/// its own, drawn from a stream that is a function of both, so a resumed run sees the same points.
void train(LinearModel& model, muster::LocalUpdates& local, int rank, int64_t until) {
  while (local.steps_done() < until) {
    muster::RandomStream random(
        {.seed = 1, .a = static_cast<uint64_t>(rank), .b = static_cast<uint64_t>(local.steps_done())});
    std::vector<float> x(inputs);
    float error = model.bias[0] - 1;  // y = 1 + 0 x_0 + 1 x_1 + 2 x_2 + ..., and a little noise
    for (size_t i = 0; i < x.size(); ++i) {
      x[i] = static_cast<float>(random.normal());
      error += (model.weights[i] - static_cast<float>(i)) * x[i];
    }
    error += 0.1F * static_cast<float>(random.normal());
    for (size_t i = 0; i < x.size(); ++i)
      model.weights[i] -= static_cast<float>(learning_rate) * error * x[i];
    model.bias[0] -= static_cast<float>(learning_rate) * error;
    local.step(learning_rate);  // counts it, and averages the models of all ranks where a round ends
  }
}

}  // namespace

int main(int count, char** words) try {
  const auto group = muster::join_group();  // under torchrun, mpirun, srun, or alone
  const muster::ConstantPeriod rule{{.base_period = 16}};
  const std::string folder = count > 1 ? words[1] : "linear_model.checkpoints";
  muster::CheckpointStore store(folder + "/rank" + std::to_string(group->rank()), 1);

  LinearModel model;
  muster::LocalUpdates local(model.segments(), *group, rule, total_steps);
  train(model, local, group->rank(), total_steps / 2);
  store.save(local.steps_done(), {}, local.state(), "{}");
  train(model, local, group->rank(), total_steps);

  LinearModel resumed;
  muster::LocalUpdates rest(resumed.segments(), *group, rule, total_steps);
  rest.restore(store.latest()->state);
  const int64_t begun = rest.steps_done();
  train(resumed, rest, group->rank(), total_steps);

  const bool same = resumed.weights == model.weights && resumed.bias == model.bias;
  std::printf("y = %.2f", model.bias[0]);
  for (size_t i = 0; i < model.weights.size(); ++i) std::printf(" + %.2f x_%zu", model.weights[i], i);
  std::printf("\nresumed at step %lld of %lld: %s bits\n", static_cast<long long>(begun),
              static_cast<long long>(total_steps), same ? "the same" : "OTHER");
  return same ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "linear_model: %s\n", error.what());
  return 2;
}
