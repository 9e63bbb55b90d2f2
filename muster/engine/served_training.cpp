#include "muster/engine/served_training.h"

#include <string>
#include <utility>

#include "muster/app/commands/commands.h"
#include "muster/app/keys/catalogue.h"
#include "muster/app/keys/codec_choice.h"
#include "muster/app/options/resolve_async.h"
#include "muster/app/options/run_identity.h"
#include "muster/app/options/simulation_options.h"
#include "muster/base/version.h"
#include "muster/checkpoint/safetensors.h"
#include "muster/engine/build_async.h"
#include "muster/engine/build_sampler.h"
#include "muster/engine/build_task.h"
#include "muster/engine/start_weights.h"
#include "muster/flat/vector.h"
#include "muster/libtorch/kernel_threads.h"
#include "muster/libtorch/tensor_vector.h"

namespace muster::inline engine {

namespace {

/// Keys in which a worker may differ from its server.
bool is_own(const std::string& key) {
  if (key == "serve.pull_codec") return false;
  for (const char* section : {"serve.", "evaluation.", "checkpoint."})
    if (key.starts_with(section)) return true;
  for (const char* of_virtual_time :
       {"async.seconds_per_step", "async.speed_spread", "async.speed_trace", "async.failures",
        "async.bandwidth", "async.latency", "async.message_bytes", "async.train_samples", "async.record"})
    if (key == of_virtual_time) return true;
  return key == "async.outlier" || key == "run.workers" || key == "run.verify" || key == "run.verify_every";
}

}  // namespace

ServedTraining::ServedTraining(const Catalogue& catalogue, Configuration configuration)
    : catalogue_(catalogue), configuration_(std::move(configuration)) {
  use_single_threaded_kernels();
  task_ = build_task(catalogue_, configuration_);
  complete_async(configuration_, task_->train_size());
  const int64_t shards = *configuration_.async.shards;
  sampler_ = build_sampler(catalogue_, configuration_, *task_, shards);
  model_ = task_->make_model();
  learning_rates_ = build_shard_learning_rates(catalogue_, configuration_, dispatch().sampling);
}

DispatchOptions ServedTraining::dispatch() const {
  const int64_t shards = *configuration_.async.shards;
  return simulation_options(configuration_, 0, shard_sizes(*sampler_, shards, task_->train_size())).dispatch;
}

AsyncServer ServedTraining::make_server() const {
  const auto model = task_->make_model();
  ThreadPool pool(static_cast<int>(*configuration_.run.threads), use_single_threaded_kernels_here);
  auto [start, buffer_vector] = initial_values(*model, pool);
  if (const auto& path = configuration_.run.start_from)
    fill_from_start(catalogue_, configuration_, *path, parameters(), start, buffers(), buffer_vector);
  return build_async_server(catalogue_, configuration_, dispatch(), start);
}

std::unique_ptr<AsyncWorker> ServedTraining::make_worker() const {
  return build_async_worker(catalogue_, configuration_, *task_, *sampler_, learning_rates_);
}

std::unique_ptr<VectorMessages> ServedTraining::pushes() const {
  const auto choice = codec_choice(catalogue_, configuration_.comm);
  return std::make_unique<VectorMessages>(choice ? std::optional(choice->codec) : std::nullopt, type(),
                                          parameters().size());
}

std::unique_ptr<VectorMessages> ServedTraining::pulls() const {
  const NamedCodec& codec = catalogue_.codecs().at(configuration_.serve.pull_codec);
  return std::make_unique<VectorMessages>(codec.lossless ? std::nullopt : std::optional(codec.options({})),
                                          type(), parameters().size());
}

bool ServedTraining::error_feedback() const {
  const auto choice = codec_choice(catalogue_, configuration_.comm);
  return choice && choice->error_feedback;
}

Identity ServedTraining::identity() const {
  Identity identity = run_identity(catalogue_, configuration_);
  std::erase_if(identity, [](const auto& one) { return is_own(one.first); });
  identity["muster"] = std::string(version());
  identity["task.training_samples"] = std::to_string(task_->train_size());
  for (const auto& [use, content] : task_->content()) identity["data." + use] = content;
  identity["model.type"] = name_of(type());
  for (const Piece& piece : parameters().pieces()) {
    std::string& layout = identity["model.layout"];
    layout += piece.name;
    for (const int64_t length : piece.shape) layout += " " + std::to_string(length);
    layout += "; ";
  }
  return identity;
}

}  // namespace muster::inline engine
