#include "muster/app/engine/build_sampler.h"

#include <functional>
#include <utility>
#include <vector>

#include "muster/app/engine/word_meaning.h"
#include "muster/task/samplers.h"

namespace muster {

namespace {

/// The groups that a split needs.
std::vector<int64_t> present(std::vector<int64_t> groups, const TaskSection& task, const char* what) {
  if (groups.empty())
    throw OptionError("task.sampler", task.sampler,
                      "the samples of task.name = " + task.name + " belong to no " + what +
                          "; use permutation, replacement or shard");
  return groups;
}

}  // namespace

std::unique_ptr<Sampler> build_sampler(const Configuration& configuration, const Task& task,
                                       int64_t workers) {
  const TaskSection& keys = configuration.task;
  const SamplerOptions options{.samples = task.train_size(),
                               .workers = workers,
                               .batch = keys.batch,
                               .seed = static_cast<uint64_t>(configuration.run.seed),
                               .group_size = configuration.comm.group_size};
  options.validate();
  const auto of_parts = [&](Partition parts) -> std::unique_ptr<Sampler> {
    return std::make_unique<PartitionSampler>(options, std::move(parts));
  };
  using Make = std::function<std::unique_ptr<Sampler>()>;
  const std::map<std::string, Make> makers = {
      {"permutation", [&] { return std::make_unique<PermutationSampler>(options); }},
      {"replacement", [&] { return std::make_unique<ReplacementSampler>(options); }},
      {"shard", [&] { return std::make_unique<ShardSampler>(options); }},
      {"by_class",
       [&] {
         return of_parts(split_by_class(present(task.train_classes(), keys, "class"), workers, options.seed));
       }},
      {"dirichlet",
       [&] {
         return of_parts(
             split_dirichlet(present(task.train_classes(), keys, "class"), {.workers = workers,
                                                                            .alpha = keys.dirichlet_alpha,
                                                                            .at_least = options.batch,
                                                                            .seed = options.seed}));
       }},
      {"by_document",
       [&] { return of_parts(split_by_group(present(task.train_documents(), keys, "document"), workers)); }}};
  return meaning_of(makers, keys.sampler)();
}

}  // namespace muster
