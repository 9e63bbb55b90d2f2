#include "muster/task/samplers/samplers.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "muster/base/error.h"

namespace muster::inline task {

namespace {

// Epochs in use at once: workers on different threads may be several epochs apart inside a long round.
constexpr int64_t remembered_epochs = 8;
constexpr uint64_t shard_assignment = std::numeric_limits<uint64_t>::max();  // no epoch has this number

SamplerOptions checked(const SamplerOptions& options) {
  options.validate();
  return options;
}

int64_t steps_of(const SamplerOptions& options) {
  return options.samples / (options.workers * options.batch);
}

void require(const SamplerOptions& options, int64_t step, int64_t worker) {
  invariant(step >= 0, "a sampler was asked for a negative step");
  invariant(worker >= 0 && worker < options.workers, "a sampler was asked for a worker that does not exist");
}

}  // namespace

void SamplerOptions::validate() const {
  if (workers < 1) throw OptionError("run.workers", std::to_string(workers), "must be at least 1");
  if (batch < 1) throw OptionError("task.batch", std::to_string(batch), "must be at least 1");
  if (batch > samples / workers) {
    const std::string remedy = samples >= workers
                                   ? fmt::format("use at most {}", samples / workers)
                                   : fmt::format("use at most {} workers", std::max<int64_t>(samples, 1));
    throw OptionError(
        "task.batch", std::to_string(batch),
        fmt::format("{} workers need {} times as many samples for one step, the data has {}; {}", workers,
                    workers, samples, remedy));
  }
}

PermutationSampler::PermutationSampler(const SamplerOptions& options)
    : options_(checked(options)), orders_(remembered_epochs) {}

int64_t PermutationSampler::steps_per_epoch() const { return steps_of(options_); }

std::vector<int64_t> PermutationSampler::samples(int64_t step, int64_t worker) const {
  require(options_, step, worker);
  const auto epoch = static_cast<uint64_t>(step / steps_per_epoch());
  const auto order = orders_.get(options_.samples, {options_.seed, Purpose::data_order, epoch, 0});
  const int64_t first = step % steps_per_epoch() * options_.batch;
  const int64_t groups = options_.workers / options_.group_size;
  const int64_t place = worker % options_.group_size * groups + worker / options_.group_size;
  std::vector<int64_t> chosen(static_cast<size_t>(options_.batch));
  for (int64_t i = 0; i < options_.batch; ++i)
    chosen[static_cast<size_t>(i)] = (*order)[static_cast<size_t>((first + i) * options_.workers + place)];
  return chosen;
}

ReplacementSampler::ReplacementSampler(const SamplerOptions& options) : options_(checked(options)) {}

int64_t ReplacementSampler::steps_per_epoch() const { return steps_of(options_); }

std::vector<int64_t> ReplacementSampler::samples(int64_t step, int64_t worker) const {
  require(options_, step, worker);
  RandomStream stream(
      {options_.seed, Purpose::data_order, static_cast<uint64_t>(step), static_cast<uint64_t>(worker) + 1});
  std::vector<int64_t> chosen(static_cast<size_t>(options_.batch));
  for (int64_t& sample : chosen)
    sample = static_cast<int64_t>(stream.below(static_cast<uint64_t>(options_.samples)));
  return chosen;
}

ShardSampler::ShardSampler(const SamplerOptions& options)
    : options_(checked(options)),
      shard_size_(options_.samples / options_.workers),
      shards_(
          random_permutation(options_.samples, {options_.seed, Purpose::data_order, shard_assignment, 0})),
      orders_(remembered_epochs * options_.workers) {}

int64_t ShardSampler::steps_per_epoch() const { return steps_of(options_); }

std::vector<int64_t> ShardSampler::samples(int64_t step, int64_t worker) const {
  require(options_, step, worker);
  const auto epoch = static_cast<uint64_t>(step / steps_per_epoch());
  const auto order = orders_.get(
      shard_size_, {options_.seed, Purpose::data_order, epoch, static_cast<uint64_t>(worker) + 1});
  const int64_t first = step % steps_per_epoch() * options_.batch;
  std::vector<int64_t> chosen(static_cast<size_t>(options_.batch));
  for (int64_t i = 0; i < options_.batch; ++i)
    chosen[static_cast<size_t>(i)] =
        shards_[static_cast<size_t>(worker * shard_size_ + (*order)[static_cast<size_t>(first + i)])];
  return chosen;
}

PartitionSampler::PartitionSampler(const SamplerOptions& options, Partition parts)
    : options_(checked(options)), parts_(std::move(parts)) {
  invariant(static_cast<int64_t>(parts_.size()) == options_.workers,
            "a partition has a part for each worker");
  for (size_t worker = 0; worker < parts_.size(); ++worker) {
    const auto size = static_cast<int64_t>(parts_[worker].size());
    if (size < options_.batch)
      throw OptionError(
          "task.batch", std::to_string(options_.batch),
          fmt::format("worker {} owns only {} samples in this split; use a smaller batch, fewer "
                      "workers or another sampler",
                      worker, size));
    orders_.push_back(std::make_unique<PermutationCache>(remembered_epochs));
  }
}

int64_t PartitionSampler::steps_per_epoch() const { return steps_of(options_); }

int64_t PartitionSampler::steps_of_pass(int64_t worker) const {
  return static_cast<int64_t>(parts_[static_cast<size_t>(worker)].size()) / options_.batch;
}

int64_t PartitionSampler::pass(int64_t step, int64_t worker) const {
  require(options_, step, worker);
  return step / steps_of_pass(worker);
}

std::vector<int64_t> PartitionSampler::samples(int64_t step, int64_t worker) const {
  const auto now = static_cast<uint64_t>(pass(step, worker));
  const auto& part = parts_[static_cast<size_t>(worker)];
  const auto order = orders_[static_cast<size_t>(worker)]->get(
      static_cast<int64_t>(part.size()),
      {options_.seed, Purpose::data_order, now, static_cast<uint64_t>(worker) + 1});
  const int64_t first = step % steps_of_pass(worker) * options_.batch;
  std::vector<int64_t> chosen(static_cast<size_t>(options_.batch));
  for (int64_t i = 0; i < options_.batch; ++i)
    chosen[static_cast<size_t>(i)] = part[static_cast<size_t>((*order)[static_cast<size_t>(first + i)])];
  return chosen;
}

}  // namespace muster::inline task
