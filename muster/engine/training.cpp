#include "muster/engine/training.h"

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <utility>

#include "muster/app/keys/catalogue.h"
#include "muster/app/keys/codec_choice.h"
#include "muster/app/keys/make_schedule.h"
#include "muster/app/options/run_identity.h"
#include "muster/base/error.h"
#include "muster/checkpoint/checkpoint.h"
#include "muster/comm/solo.h"
#include "muster/engine/build_optimizers.h"
#include "muster/engine/build_overlap.h"
#include "muster/engine/build_sampler.h"
#include "muster/engine/build_task.h"
#include "muster/engine/model_file.h"
#include "muster/engine/model_source.h"
#include "muster/engine/start_weights.h"
#include "muster/flat/vector.h"
#include "muster/libtorch/kernel_threads.h"
#include "muster/libtorch/tensor_vector.h"
#include "muster/libtorch/torchrun_store.h"

namespace muster::inline engine {

namespace {

/// No time limit: a meeting waits while the others are known to live.
constexpr std::chrono::hours while_they_live(24 * 365);

std::optional<Compression> compression(const Catalogue& catalogue, const Configuration& configuration) {
  const auto choice = codec_choice(catalogue, configuration.comm);
  if (!choice) return std::nullopt;
  return Compression{choice->codec, choice->error_feedback, static_cast<uint64_t>(configuration.run.seed)};
}

}  // namespace

Training::Training(const Catalogue& catalogue, Configuration configuration, const Place& place)
    : catalogue_(catalogue), configuration_(std::move(configuration)), place_(place) {
  use_single_threaded_kernels();
  const RunSection& run = configuration_.run;
  task_ = build_task(catalogue_, configuration_);
  data_content_ = task_->content();
  complete(catalogue, configuration_, task_->train_size());
  length_ = run_length(configuration_, task_->train_size());
  sampler_ = build_sampler(catalogue_, configuration_, *task_, *run.workers);
  const auto model = task_->make_model();
  parameters_ = model->parameters().size();
  memory_ = estimate_memory(memory_need(*model));
  check_memory(memory_, hosted_workers());
}

// An evaluation or a checkpoint may fall due between meetings, while the workers differ.
bool Training::looks_between_meetings() const {
  const auto within = [this](int64_t every) { return every > 0 && every < length_.steps; };
  const EvaluationSection& evaluation = configuration_.evaluation;
  return within(configuration_.checkpoint.every) ||
         (evaluation.between_meetings && within(evaluation.every.value_or(0)));
}

MemoryNeed Training::memory_need(const Model& model) const {
  const int64_t threads = *configuration_.run.threads;
  const int moments = catalogue_.inner_optimizers().at(configuration_.inner.optimizer).moments;
  MemoryNeed need;
  need.workers = hosted_workers();
  need.threads = threads;
  need.parameters = parameters_;
  need.buffers = model.buffers().size();
  need.element_bytes = bytes_of(model.type());
  need.replica_vectors = 2 + moments;
  const bool plain = build_overlap(catalogue_, configuration_.comm).plain();
  if (!plain) ++need.replica_vectors;  // its contribution to the meeting
  need.shared_vectors = 1;             // the anchor
  if (!catalogue_.outer_optimizers().at(configuration_.outer.optimizer).plain_mean)
    need.shared_vectors += 2;                                        // outer gradient and momentum
  if (!plain || looks_between_meetings()) ++need.shared_vectors;     // a mean apart from the anchor
  if (configuration_.comm.group_size > 1) need.shared_vectors += 2;  // means of groups in transit
  need.activation_bytes = task_->activation_bytes(configuration_.task.batch);
  return need;
}

Identity Training::identity() const {
  Identity identity = run_identity(catalogue_, configuration_);
  identity["model.parameters"] = std::to_string(parameters_);
  identity["task.training_samples"] = std::to_string(task_->train_size());
  for (const auto& [use, content] : data_content_) identity["data." + use] = content;
  identity["run.processes"] = std::to_string(place_.size);
  return identity;
}

std::chrono::milliseconds Training::patience() const {
  const bool told = place_.store == Place::Store::launcher || place_.store == Place::Store::rank_zero;
  return told ? std::chrono::milliseconds(while_they_live)
              : std::chrono::seconds(configuration_.comm.deadline);
}

// Given by the launcher, or by the configuration where rank 0 serves the store.
int Training::least_processes() const {
  if (place_.min_workers > 0) return place_.min_workers;
  return static_cast<int>(configuration_.elastic.min_workers.value_or(place_.size));
}

bool Training::elastic() const {
  const bool told = place_.store == Place::Store::launcher || place_.store == Place::Store::rank_zero;
  return told && least_processes() < place_.size;
}

bool Training::enters_a_run() const {
  if (!member_) return false;
  const auto& versions = member_->generation().versions;
  return std::any_of(versions.begin(), versions.end(), [](int64_t version) { return version >= 0; }) &&
         elastic();
}

std::unique_ptr<ResharingSampler> Training::make_resharing_sampler() const {
  const auto make = [this](int64_t workers) {
    return build_sampler(catalogue_, configuration_, *task_, workers);
  };
  const Generation& generation = member_->generation();
  return std::make_unique<ResharingSampler>(make, generation.size, generation.rank, hosted_workers());
}

void Training::join() {
  if (place_.store == Place::Store::none) return;
  JoinOptions options;
  options.agent_store = torchrun_store;
  options.links = link_kind_of(configuration_.comm.links);
  options.interface = configuration_.comm.interface.value_or("");
  options.identity = identity();
  options.slice_bytes = configuration_.comm.slice_mib << 20;
  options.waits = waits_;
  options.block = static_cast<int>(grouping().processes_per_group());
  ElasticOptions life;
  life.deadline = std::chrono::milliseconds(static_cast<int64_t>(1000 * configuration_.elastic.deadline));
  if (elastic()) life.min_members = least_processes();
  if (elastic() && configuration_.comm.group_size > 1)
    throw OptionError("comm.group_size", std::to_string(configuration_.comm.group_size),
                      "groups need all their processes, so the run cannot be elastic; leave it out, or the "
                      "smallest number of processes");
  member_ = std::make_unique<GroupMember>(place_, options, life);
  member_->next_group(elastic() ? -1 : 0);
}

Grouping Training::grouping() const {
  return {configuration_.comm.group_size, *configuration_.run.workers, place_.size};
}

// Collective where groups span several processes.
void Training::build_inner_meeting() {
  const Grouping levels = grouping();
  if (levels.group_size == 1) return;
  if (levels.spans_processes()) {
    const auto ranks = static_cast<int>(levels.processes_per_group());
    const int number = place_.rank / ranks;
    std::vector<int> members(static_cast<size_t>(ranks));
    std::iota(members.begin(), members.end(), number * ranks);
    inner_group_ = member_->subgroup("inner/" + std::to_string(number), members);
  }
  inner_meeting_ =
      std::make_unique<InnerMeeting>(levels, configuration_.comm.inner_period, inner_group_.get(), *pool_);
}

void Training::build() {
  const RunSection& run = configuration_.run;
  evaluation_.reset();
  method_.reset();
  averager_.reset();
  pool_ = std::make_unique<ThreadPool>(static_cast<int>(*run.threads), use_single_threaded_kernels_here);
  averager_ = std::make_unique<Averager>(group(), *pool_, compression(catalogue_, configuration_));
  build_inner_meeting();
  learning_rate_ =
      std::make_unique<LearningRate>(make_learning_rate(catalogue_, configuration_, length_.steps));
  SynchronousOptions options;
  options.total_steps = length_.steps;
  options.hosted_workers = hosted_workers();
  options.deadline = patience();
  options.seed = static_cast<uint64_t>(run.seed);
  options.clip = configuration_.inner.clip.value_or(0);
  options.loader_threads = *run.loader_threads;
  options.at_meeting = build_at_meeting(configuration_.inner);
  options.overlap = build_overlap(catalogue_, configuration_.comm);
  if (elastic()) resharing_ = make_resharing_sampler();
  const Sampler& sampler = resharing_ ? static_cast<const Sampler&>(*resharing_) : *sampler_;
  method_ = std::make_unique<Synchronous>(
      SynchronousParts{
          *task_, sampler, *pool_, *averager_, *learning_rate_, make_schedule(catalogue_, configuration_),
          build_outer(catalogue_, configuration_.outer, parameters_, task_->make_model()->type()),
          build_inner(catalogue_, configuration_.inner), inner_meeting_.get()},
      options);
  EvaluationOptions evaluation;
  evaluation.batch = configuration_.evaluation.batch;
  evaluation.workers = *run.workers;
  evaluation.hosted_workers = hosted_workers();
  evaluation.deadline = patience();
  evaluation.statistics_batches = configuration_.evaluation.statistics_batches;
  evaluation_ = std::make_unique<Evaluation>(*task_, *sampler_, *averager_, evaluation);
}

Vector starting_parameters(const Training& training) {
  const auto model = training.task().make_model();
  ThreadPool pool(static_cast<int>(*training.configuration().run.threads), use_single_threaded_kernels_here);
  auto [parameters, buffers] = initial_values(*model, pool);
  if (const auto& path = training.configuration().run.start_from)
    fill_from_start(training.catalogue(), training.configuration(), *path, model->parameters(), parameters,
                    model->buffers(), buffers);
  return parameters;
}

void start_from_file(Training& training, const std::string& path, bool with_optimizer) {
  const Evaluation& shape = training.evaluation();
  Vector parameters = flat_vector(shape.parameters().size(), shape.type());
  Vector buffers = flat_vector(shape.buffers().size(), shape.type());
  fill_from_start(training.catalogue(), training.configuration(), path, shape.parameters(), parameters,
                  shape.buffers(), buffers);
  training.method().start_from(parameters, buffers);
  if (!with_optimizer) return;
  const std::filesystem::path folder = std::filesystem::path(model_file_of(path)).parent_path();
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

}  // namespace muster::inline engine
