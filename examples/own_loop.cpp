// A plain LibTorch training loop, made a local gradient method by two lines: (1) and (2).
#include <torch/torch.h>

#include <cstdio>
#include <exception>

#include "muster/libtorch/local_updates.h"
#include "muster/muster.h"

int main() try {
  const int64_t total_steps = 400;
  const double peak = 0.1;
  const auto group = muster::join_group();  // under torchrun, mpirun, srun, or alone

  torch::manual_seed(1);
  torch::nn::Sequential model(torch::nn::Linear(2, 32), torch::nn::Tanh(), torch::nn::Linear(32, 1));
  torch::optim::SGD optimizer(model->parameters(), torch::optim::SGDOptions(peak).momentum(0.9));
  muster::LocalUpdates local(model->parameters(), *group,  // (1)
                             muster::QuadraticRule{{.base_period = 4, .growth = 0.3}}, total_steps);

  torch::manual_seed(2 + group->rank());  // every rank draws data of its own
  for (int64_t step = 0; step < total_steps; ++step) {
    const double learning_rate = peak * (1.0 - static_cast<double>(step) / total_steps);
    static_cast<torch::optim::SGDOptions&>(optimizer.param_groups()[0].options()).lr(learning_rate);

    const auto points = torch::rand({64, 2}) * 2 - 1;
    const auto heights = torch::sin(3 * points.select(1, 0)) * points.select(1, 1);
    const auto loss = torch::mse_loss(model->forward(points).squeeze(1), heights);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    if (const auto meeting = local.step(learning_rate))  // (2)
      std::printf("step %3lld  met after %3lld steps  loss %.5f\n", static_cast<long long>(step + 1),
                  static_cast<long long>(meeting->steps), loss.item<double>());
  }
} catch (const std::exception& error) {
  std::fprintf(stderr, "own_loop: %s\n", error.what());
  return 2;
}
