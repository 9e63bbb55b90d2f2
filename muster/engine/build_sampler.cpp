#include "muster/engine/build_sampler.h"

#include <utility>
#include <vector>

#include "muster/app/keys/catalogue.h"
#include "muster/base/error.h"

namespace muster::inline engine {

namespace {

/// Returns the groups that a split needs; throws OptionError where the samples have none.
std::vector<int64_t> present(std::vector<int64_t> groups, const SamplerRequest& request, const char* what) {
  if (groups.empty())
    throw OptionError("task.sampler", request.keys.sampler,
                      "the samples of task.name = " + request.keys.name + " belong to no " + what +
                          "; use permutation, replacement or shard");
  return groups;
}

std::vector<int64_t> classes_of(const SamplerRequest& request) {
  return present(request.task.train_classes(), request, "class");
}

std::unique_ptr<Sampler> of_parts(const SamplerRequest& request, Partition parts) {
  return std::make_unique<PartitionSampler>(request.options, std::move(parts));
}

}  // namespace

std::unique_ptr<Sampler> build_sampler(const Catalogue& catalogue, const Configuration& configuration,
                                       const Task& task, int64_t workers) {
  const TaskSection& keys = configuration.task;
  const SamplerOptions options{.samples = task.train_size(),
                               .workers = workers,
                               .batch = keys.batch,
                               .seed = static_cast<uint64_t>(configuration.run.seed),
                               .group_size = configuration.comm.group_size};
  options.validate();
  const SamplerKind& kind = catalogue.samplers().at(keys.sampler);
  invariant(kind.make != nullptr, "a sampler without a maker");
  return kind.make({keys, task, options});
}

std::unique_ptr<Sampler> make_permutation_sampler(const SamplerRequest& request) {
  return std::make_unique<PermutationSampler>(request.options);
}

std::unique_ptr<Sampler> make_replacement_sampler(const SamplerRequest& request) {
  return std::make_unique<ReplacementSampler>(request.options);
}

std::unique_ptr<Sampler> make_shard_sampler(const SamplerRequest& request) {
  return std::make_unique<ShardSampler>(request.options);
}

std::unique_ptr<Sampler> make_class_sampler(const SamplerRequest& request) {
  return of_parts(request,
                  split_by_class(classes_of(request), request.options.workers, request.options.seed));
}

std::unique_ptr<Sampler> make_dirichlet_sampler(const SamplerRequest& request) {
  const double alpha = request.keys.sampler_values.held<double>(dirichlet_alpha_field()).value();
  return of_parts(request, split_dirichlet(classes_of(request), {.workers = request.options.workers,
                                                                 .alpha = alpha,
                                                                 .at_least = request.options.batch,
                                                                 .seed = request.options.seed}));
}

std::unique_ptr<Sampler> make_document_sampler(const SamplerRequest& request) {
  return of_parts(request, split_by_group(present(request.task.train_documents(), request, "document"),
                                          request.options.workers));
}

}  // namespace muster::inline engine
