#include "muster/engine/simulated_training.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "muster/app/keys/catalogue.h"
#include "muster/app/options/resolve_async.h"
#include "muster/app/options/simulation_options.h"
#include "muster/base/checksum.h"
#include "muster/checkpoint/averaged_model.h"
#include "muster/engine/build_async.h"
#include "muster/engine/build_sampler.h"
#include "muster/engine/build_task.h"
#include "muster/engine/start_weights.h"
#include "muster/flat/vector.h"
#include "muster/libtorch/kernel_threads.h"
#include "muster/libtorch/tensor_vector.h"
#include "muster/train/memory_estimate.h"

namespace muster::inline engine {

namespace {

constexpr int64_t most_train_samples = 10000;

/// The numbers of local steps that the workers make in equal time, in any unit: the same for all where a
/// grace period as long as the slowest round lets them start together.
std::vector<double> steps_by_worker(const SimulationOptions& options) {
  std::vector<double> speeds = device_speeds(options.devices);
  const LocalStepsOptions& steps = options.dispatch.local_steps;
  const double slowest =
      static_cast<double>(steps.local_steps) * *std::max_element(speeds.begin(), speeds.end());
  const bool together = !steps.dynamic && options.dispatch.grace >= slowest;
  for (double& speed : speeds) speed = together ? 1 : 1 / speed;
  return speeds;
}

}  // namespace

SimulatedTraining::SimulatedTraining(const Catalogue& catalogue, Configuration configuration)
    : catalogue_(catalogue), configuration_(std::move(configuration)) {
  build_task_and_server();
}

SimulatedTraining::SimulatedTraining(const Catalogue& catalogue, Configuration configuration,
                                     EventLogWriter* record)
    : catalogue_(catalogue), configuration_(std::move(configuration)) {
  build_task_and_server();
  const int64_t workers = *configuration_.run.workers;
  check_memory_for_workers(*task_->make_model());
  pool_ = std::make_unique<ThreadPool>(static_cast<int>(*configuration_.run.threads),
                                       use_single_threaded_kernels_here);
  averager_ = std::make_unique<Averager>(alone_, *pool_);
  EvaluationOptions evaluation;
  evaluation.batch = configuration_.evaluation.batch;
  evaluation.workers = evaluation.hosted_workers = *configuration_.async.shards;
  evaluation.statistics_batches = configuration_.evaluation.statistics_batches;
  held_out_ = std::make_unique<Evaluation>(*task_, *sampler_, *averager_, evaluation);
  training_part_ =
      std::make_unique<TrainingPart>(*task_, configuration_.async.train_samples.value_or(most_train_samples));
  trained_on_ = std::make_unique<Evaluation>(*training_part_, *sampler_, *averager_, evaluation);
  buffers_ = flat_vector(held_out_->buffers().size(), held_out_->type());
  const auto bytes = static_cast<double>(server_->parameters().bytes());
  const SimulationOptions options = simulation_options(configuration_, bytes);
  learning_rates_ = build_shard_learning_rates(
      catalogue_, configuration_, server_->dispatcher().options().sampling, steps_by_worker(options));
  clock_ = std::make_unique<VirtualClock>(simulated_speeds(configuration_), options.outages, options.link);
  VirtualRunParts parts{*server_, *clock_, *pool_, {}, record};
  for (int64_t worker = 0; worker < workers; ++worker)
    parts.workers.push_back(
        build_async_worker(catalogue_, configuration_, *task_, *sampler_, learning_rates_));
  run_ = std::make_unique<VirtualRun>(std::move(parts),
                                      VirtualRunOptions{options.total_steps, options.evaluate_every,
                                                        options.link.message_bytes, options.speeds_known});
}

void SimulatedTraining::build_task_and_server() {
  use_single_threaded_kernels();
  task_ = build_task(catalogue_, configuration_);
  complete_async(configuration_, task_->train_size());
  const int64_t shards = *configuration_.async.shards;
  sampler_ = build_sampler(catalogue_, configuration_, *task_, shards);
  const SimulationOptions options =
      simulation_options(configuration_, 0, shard_sizes(*sampler_, shards, task_->train_size()));
  server_ = std::make_unique<AsyncServer>(
      build_async_server(catalogue_, configuration_, options.dispatch, first_parameters()));
}

Vector SimulatedTraining::first_parameters() const {
  const auto model = task_->make_model();
  ThreadPool pool(static_cast<int>(*configuration_.run.threads), use_single_threaded_kernels_here);
  auto [parameters, buffers] = initial_values(*model, pool);
  if (const auto& file = configuration_.run.start_from)
    fill_from_start(catalogue_, configuration_, *file, model->parameters(), parameters, model->buffers(),
                    buffers);
  return parameters;
}

void SimulatedTraining::check_memory_for_workers(const Model& model) const {
  MemoryNeed need;
  need.workers = *configuration_.run.workers;
  need.threads = *configuration_.run.threads;
  need.parameters = model.parameters().size();
  need.buffers = model.buffers().size();
  need.element_bytes = bytes_of(model.type());
  need.replica_vectors =
      4 + catalogue_.inner_optimizers().at(configuration_.inner.optimizer).moments;  // start, contribution
  need.shared_vectors = 6;                                                           // server, outer step
  need.activation_bytes = task_->activation_bytes(configuration_.task.batch);
  check_memory(estimate_memory(need), need.workers);
}

MeasurementLine SimulatedTraining::measure(double time, int64_t local_steps) {
  const Vector& parameters = server_->parameters();
  held_out_->estimate_statistics(parameters, buffers_);
  const Score test = held_out_->score(parameters, buffers_);
  const Score train = trained_on_->score(parameters, buffers_);
  const auto samples = static_cast<double>(test.samples);
  return {.time = time,
          .local_steps = local_steps,
          .version = server_->version(),
          .train_loss = train.loss / static_cast<double>(train.samples),
          .test_loss = test.loss / samples,
          .test_accuracy = static_cast<double>(test.correct) / samples};
}

NamedTensors SimulatedTraining::model() {
  return named_tensors(held_out_->parameters(), server_->parameters(), held_out_->buffers(), buffers_);
}

std::string checksum_of(const State& state) {
  Checksum checksum;
  for (const auto& [name, value] : state.numbers.values()) {
    checksum.add(name.data(), name.size());
    std::visit([&](auto number) { checksum.add(&number, sizeof number); }, value);
  }
  for (const auto& [name, tensor] : state.tensors) {
    checksum.add(name.data(), name.size());
    checksum.add(tensor.values.host(), static_cast<size_t>(tensor.values.bytes()));
  }
  return fmt::format("{:016x}", checksum.value());
}

}  // namespace muster::inline engine
