// Several ranks in one program, each a thread with a LibTorch model, optimizer and data of its own, that
// average their parameters every PERIOD steps.
//
//     thread_ranks [RANKS [PERIOD [STEPS [FILE]]]]        (2, 4, 100)
//
// Prints the loss of every rank in every step. FILE receives the initial weights, named as in torch, and all
// data, so that the same training can be done elsewhere: bench/peers/own_loop_peer.py does it in PyTorch.
#include <torch/torch.h>

#include <cstdio>
#include <exception>
#include <string>
#include <thread>

#include "muster/checkpoint/safetensors.h"
#include "muster/comm/thread_group.h"
#include "muster/libtorch/kernel_threads.h"
#include "muster/libtorch/local_updates.h"
#include "muster/libtorch/stored_tensors.h"
#include "muster/schedule/constant_period.h"

namespace {

constexpr int64_t batch = 16, inputs = 20, classes = 5;
constexpr double peak = 0.1;

struct Data {
  at::Tensor inputs;   ///< ranks x steps x batch x inputs
  at::Tensor targets;  ///< ranks x steps x batch
};

/// Classes that a linear map separates, different points for every rank and step.
Data make_data(int64_t ranks, int64_t steps) {
  const at::Tensor teacher = torch::randn({inputs, classes});
  const at::Tensor points = torch::randn({ranks, steps, batch, inputs});
  return {points, torch::matmul(points, teacher).argmax(-1)};
}

torch::nn::Sequential make_model() {
  return torch::nn::Sequential(torch::nn::Linear(inputs, 64), torch::nn::ReLU(),
                               torch::nn::Linear(64, classes));
}

/// Returns the loss of every step.
std::vector<double> train(torch::nn::Sequential& model, muster::Communicator& group, int64_t period,
                          const Data& data) {
  const int64_t rank = group.rank(), steps = data.inputs.size(1);
  torch::optim::SGD optimizer(model->parameters(), torch::optim::SGDOptions(peak).momentum(0.9));
  muster::LocalUpdates local(model->parameters(), group, muster::ConstantPeriod{{.base_period = period}},
                             steps);
  std::vector<double> losses;
  for (int64_t step = 0; step < steps; ++step) {
    const double learning_rate = peak * (1.0 - static_cast<double>(step) / static_cast<double>(steps));
    static_cast<torch::optim::SGDOptions&>(optimizer.param_groups()[0].options()).lr(learning_rate);
    const at::Tensor loss =
        torch::cross_entropy_loss(model->forward(data.inputs[rank][step]), data.targets[rank][step]);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    local.step(learning_rate);
    losses.push_back(loss.item<double>());
  }
  return losses;
}

void write(const std::string& file, torch::nn::Sequential& model, const Data& data) {
  muster::NamedTensors tensors = {{"inputs", muster::stored(data.inputs)},
                                  {"targets", muster::stored(data.targets)}};
  for (const auto& parameter : model->named_parameters())
    tensors.emplace_back(parameter.key(), muster::stored(parameter.value()));
  muster::write_safetensors(file, tensors);
}

void run(size_t ranks, int64_t period, int64_t steps, const std::string& file) {
  muster::use_single_threaded_kernels();  // one core to a rank
  torch::manual_seed(1);
  const Data data = make_data(static_cast<int64_t>(ranks), steps);
  std::vector<torch::nn::Sequential> models;
  for (size_t rank = 0; rank < ranks; ++rank) models.push_back(make_model());
  if (!file.empty()) write(file, models[0], data);  // all ranks start as rank 0

  auto group = muster::ThreadGroup::make(static_cast<int>(ranks));
  std::vector<std::vector<double>> losses(ranks);
  std::vector<std::exception_ptr> failures(ranks);
  std::vector<std::thread> threads;
  for (size_t rank = 0; rank < ranks; ++rank)
    threads.emplace_back([&, rank] {
      try {
        muster::use_single_threaded_kernels_here();
        losses[rank] = train(models[rank], *group[rank], period, data);
      } catch (...) {
        failures[rank] = std::current_exception();
        group[rank].reset();  // the others need not wait for this one
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const std::exception_ptr& failure : failures)
    if (failure) std::rethrow_exception(failure);
  for (int64_t step = 0; step < steps; ++step)
    for (size_t rank = 0; rank < ranks; ++rank)
      std::printf("step %lld rank %zu loss %.9f\n", static_cast<long long>(step), rank,
                  losses[rank][static_cast<size_t>(step)]);
}

}  // namespace

int main(int count, char** words) try {
  const auto number = [&](int place, long long usual) {
    return count > place ? std::stoll(words[place]) : usual;
  };
  run(static_cast<size_t>(number(1, 2)), number(2, 4), number(3, 100), count > 4 ? words[4] : "");
} catch (const std::exception& error) {
  std::fprintf(stderr, "thread_ranks: %s\n", error.what());
  return 2;
}
