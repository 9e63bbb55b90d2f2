#include "muster/engine/signature_own_loop.h"

#include "muster/app/keys/make_schedule.h"
#include "muster/engine/build_optimizers.h"
#include "muster/engine/signature_ranks.h"
#include "muster/flat/vector.h"
#include "muster/libtorch/local_updates.h"
#include "muster/libtorch/tensor_vector.h"
#include "muster/optim/sgd.h"
#include "muster/task/samplers/samplers.h"

namespace muster::inline engine {

namespace {

/// What a rank ends with: the first step of every round, and its parameters.
struct LoopEnd {
  std::vector<int64_t> rounds;
  Vector parameters;
};

LoopEnd run_loop(const Catalogue& catalogue, const SignatureCase& chosen, const Configuration& configuration,
                 Communicator& group) {
  const ScalarTask task = task_of(chosen);
  const int64_t steps = *configuration.run.steps, batch = configuration.task.batch;
  const PermutationSampler sampler(
      {.samples = task.train_size(), .workers = group.size(), .batch = batch, .seed = 1});
  const LearningRate rate = make_learning_rate(catalogue, configuration, steps);
  const auto model = task.make_model();
  const int64_t size = model->parameters().size();
  const Vector values = flat_vector(size, chosen.type);
  const at::Tensor present = tensor_of(values), gradient = flat_tensor(size, chosen.type);
  bind_initial(*model, present, gradient, flat_tensor(0, chosen.type));
  // Two parameters, as a user's module would have several.
  const std::vector<at::Tensor> parameters = {
      present.narrow(0, 0, size / 2).clone().requires_grad_(true),
      present.narrow(0, size / 2, size - size / 2).clone().requires_grad_(true)};
  LocalUpdatesOptions options;
  options.outer = [&](int64_t elements, ElementType type) {
    return build_outer(catalogue, configuration.outer, elements, type);
  };
  LocalUpdates local(parameters, group, make_schedule(catalogue, configuration), steps, options);
  LoopEnd ended;
  for (int64_t step = 0; step < steps; ++step) {
    values.copy_from(local.parameters());
    const Batch samples = task.train_batch(sampler.samples(step, group.rank()), 0);
    const double loss = model->loss_and_gradient(samples, {});
    parameters[0].mutable_grad() = gradient.narrow(0, 0, size / 2).clone();
    parameters[1].mutable_grad() = gradient.narrow(0, size / 2, size - size / 2).clone();
    local.average_gradients(rate.at(step));
    for (const at::Tensor& parameter : parameters)
      parameter.detach().sub_(parameter.grad().mul(rate.at(step)));
    if (const auto meeting = local.step(rate.at(step), loss)) ended.rounds.push_back(meeting->first_step);
  }
  ended.parameters = local.parameters().copy();
  return ended;
}

}  // namespace

void add_own_loops(const Catalogue& catalogue, SignatureHash& hash, const SignatureCase& chosen) {
  const Configuration configuration = configuration_of(catalogue, chosen);
  const auto ranks = static_cast<int>(*configuration.run.workers);
  std::vector<RankGroups> groups = thread_ranks(ranks);
  std::vector<LoopEnd> ended(groups.size());
  on_all_ranks(ranks, [&](int rank) {
    const auto at = static_cast<size_t>(rank);
    ended[at] = run_loop(catalogue, chosen, configuration, *groups[at].all);
  });
  for (const int64_t round : ended.front().rounds) hash.add(round);
  for (const LoopEnd& one : ended) hash.add(one.parameters);
}

}  // namespace muster::inline engine
