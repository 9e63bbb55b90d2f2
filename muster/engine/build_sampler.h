#pragma once

#include <memory>

#include "muster/app/keys/options.h"
#include "muster/task/samplers/sampler.h"
#include "muster/task/samplers/samplers.h"
#include "muster/task/task.h"

namespace muster::inline app {
class Catalogue;
}  // namespace muster::inline app

namespace muster::inline engine {

/// What a sampler is made of. Borrows all of it.
struct SamplerRequest {
  const TaskSection& keys;
  const Task& task;
  const SamplerOptions& options;
};

/// The sampler over the task's training samples for `workers` workers in the whole run; run.seed gives its
/// order. Throws OptionError.
std::unique_ptr<Sampler> build_sampler(const Catalogue& catalogue, const Configuration& configuration,
                                       const Task& task, int64_t workers);

// The makers of task.sampler's kinds. Each throws OptionError.
std::unique_ptr<Sampler> make_permutation_sampler(const SamplerRequest& request);
std::unique_ptr<Sampler> make_replacement_sampler(const SamplerRequest& request);
std::unique_ptr<Sampler> make_shard_sampler(const SamplerRequest& request);
std::unique_ptr<Sampler> make_class_sampler(const SamplerRequest& request);
std::unique_ptr<Sampler> make_dirichlet_sampler(const SamplerRequest& request);
std::unique_ptr<Sampler> make_document_sampler(const SamplerRequest& request);

}  // namespace muster::inline engine
