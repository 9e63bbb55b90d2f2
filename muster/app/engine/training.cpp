#include "muster/app/engine/training.h"

#include <filesystem>
#include <utility>

#include "muster/app/codec_choice.h"
#include "muster/app/engine/build_optimizers.h"
#include "muster/app/engine/build_sampler.h"
#include "muster/app/engine/build_task.h"
#include "muster/app/make_schedule.h"
#include "muster/app/run_identity.h"
#include "muster/base/error.h"
#include "muster/comm/solo.h"
#include "muster/flat/flat_buffer.h"
#include "muster/flat/kernel_threads.h"
#include "muster/train/averaged_model.h"
#include "muster/train/checkpoint.h"

namespace muster {

namespace {

/// A meeting waits as long as the others are known to live.
constexpr std::chrono::hours while_they_live(24 * 365);
/// Not heard of for so long, a process of a run that is not elastic is dead.
constexpr std::chrono::seconds not_elastic(60);

std::optional<Compression> compression(const Configuration& configuration) {
  const auto choice = codec_choice(configuration.comm);
  if (!choice) return std::nullopt;
  return Compression{choice->codec, choice->error_feedback, static_cast<uint64_t>(configuration.run.seed)};
}

}  // namespace

Training::Training(Configuration configuration, const Place& place)
    : configuration_(std::move(configuration)), place_(place) {
  use_single_threaded_kernels();
  const RunSection& run = configuration_.run;
  task_ = build_task(configuration_);
  complete(configuration_, task_->train_size());
  length_ = run_length(configuration_, task_->train_size());
  sampler_ = build_sampler(configuration_, *task_, *run.workers);
  const auto model = task_->make_model();
  parameters_ = model->parameters().size();
  check_memory(estimate_memory(memory_need(*model)), hosted_workers());
}

MemoryNeed Training::memory_need(const Model& model) const {
  const int64_t threads = *configuration_.run.threads;
  const bool moments_twice = configuration_.inner.optimizer == "adamw";
  MemoryNeed need;
  need.workers = hosted_workers();
  need.threads = threads;
  need.parameters = parameters_;
  need.buffers = model.buffers().size();
  need.element_bytes = static_cast<int64_t>(c10::elementSize(model.type()));
  need.replica_vectors = 2 + (moments_twice ? 2 : 1);
  need.shared_vectors =
      4 + 2 * threads;  // anchor, scratch, outer momentum, averaged model; a seat per thread
  need.activation_bytes = task_->activation_bytes(configuration_.task.batch);
  return need;
}

Identity Training::identity() const {
  Identity identity = run_identity(configuration_);
  identity["model.parameters"] = std::to_string(parameters_);
  identity["task.training_samples"] = std::to_string(task_->train_size());
  identity["run.processes"] = std::to_string(place_.size);
  return identity;
}

std::chrono::milliseconds Training::patience() const {
  const bool told = place_.store == Place::Store::launcher || place_.store == Place::Store::rank_zero;
  return told ? std::chrono::milliseconds(while_they_live)
              : std::chrono::seconds(configuration_.comm.deadline);
}

void Training::join() {
  if (place_.store == Place::Store::none) {
    group_ = std::make_unique<Solo>();
    return;
  }
  JoinOptions options;
  options.interface = configuration_.comm.interface.value_or("");
  options.identity = identity();
  options.slice_bytes = configuration_.comm.slice_mib << 20;
  member_ = std::make_unique<GroupMember>(place_, options, ElasticOptions{.deadline = not_elastic});
  group_ = member_->next_group(0);
}

void Training::build() {
  const RunSection& run = configuration_.run;
  pool_ = std::make_unique<ThreadPool>(static_cast<int>(*run.threads), use_single_threaded_kernels_here);
  averager_ = std::make_unique<Averager>(*group_, *pool_, compression(configuration_));
  learning_rate_ = std::make_unique<LearningRate>(make_learning_rate(configuration_, length_.steps));
  SynchronousOptions options;
  options.total_steps = length_.steps;
  options.hosted_workers = hosted_workers();
  options.deadline = patience();
  options.seed = static_cast<uint64_t>(run.seed);
  options.clip = configuration_.inner.clip.value_or(0);
  options.loader_threads = *run.loader_threads;
  options.at_meeting = build_at_meeting(configuration_.inner);
  method_ = std::make_unique<Synchronous>(
      SynchronousParts{*task_, *sampler_, *pool_, *averager_, *learning_rate_,
                       make_schedule(schedule_options(configuration_)),
                       build_outer(configuration_.outer, parameters_, task_->make_model()->type()),
                       build_inner(configuration_.inner)},
      options);
  EvaluationOptions evaluation;
  evaluation.batch = configuration_.evaluation.batch;
  evaluation.workers = *run.workers;
  evaluation.deadline = patience();
  evaluation.statistics_batches = configuration_.evaluation.statistics_batches;
  evaluation_ = std::make_unique<Evaluation>(*task_, *sampler_, *averager_, evaluation);
}

void start_from_file(Training& training, const std::string& path, bool with_optimizer) {
  const Evaluation& shape = training.evaluation();
  at::Tensor parameters = flat_vector(shape.parameters().size(), shape.type());
  at::Tensor buffers = flat_vector(shape.buffers().size(), shape.type());
  fill_from_tensors(path, read_safetensors(path).tensors, shape.parameters(), parameters, shape.buffers(),
                    buffers);
  training.method().start_from(parameters, buffers);
  if (!with_optimizer) return;
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (!std::filesystem::exists(folder / "state.json"))
    throw OptionError(
        "run.start_from_optimizer", "true",
        "there is no state.json beside '" + path + "'; give the model.safetensors of a checkpoint folder");
  const State method = read_checkpoint(folder.string()).state.part_of("method");
  std::vector<State> optimizers;
  for (int64_t worker = 0;; ++worker) {
    State state = method.part_of("worker" + std::to_string(worker) + ".optimizer");
    if (state.tensors.empty() && state.numbers.values().empty()) break;
    optimizers.push_back(std::move(state));
  }
  if (optimizers.empty()) throw CheckpointError("'" + folder.string() + "' holds no optimizer's state");
  const auto& replicas = training.method().replicas();
  for (size_t i = 0; i < replicas.size(); ++i)
    replicas[i]->optimizer().restore(
        optimizers[static_cast<size_t>(training.method().worker_number(static_cast<int64_t>(i))) %
                   optimizers.size()]);
}

}  // namespace muster
