#include "muster/engine/makers.h"

#include <utility>

#include "muster/engine/build_image_task.h"
#include "muster/engine/build_sampler.h"
#include "muster/engine/build_task.h"
#include "muster/engine/build_text_task.h"
#include "muster/task/models/gpt.h"

namespace muster::inline engine {

namespace {

/// Adds the maker to the kind of that name, unless it has one or there is no such kind.
template <class K, class Make>
void join(Family<K>& family, const char* name, Make K::*make, Make maker) {
  if (family.find(name) == nullptr) return;
  K& kind = family.at(name);
  if (!(kind.*make)) kind.*make = std::move(maker);
}

void join_samplers(Family<SamplerKind>& samplers) {
  join(samplers, "permutation", &SamplerKind::make, MakeSampler(make_permutation_sampler));
  join(samplers, "replacement", &SamplerKind::make, MakeSampler(make_replacement_sampler));
  join(samplers, "shard", &SamplerKind::make, MakeSampler(make_shard_sampler));
  join(samplers, "by_class", &SamplerKind::make, MakeSampler(make_class_sampler));
  join(samplers, "dirichlet", &SamplerKind::make, MakeSampler(make_dirichlet_sampler));
  join(samplers, "by_document", &SamplerKind::make, MakeSampler(make_document_sampler));
}

void join_tasks(Family<TaskKind>& tasks) {
  join(tasks, "generated", &TaskKind::make, MakeTask(make_generated_task));
  join(tasks, "cifar10", &TaskKind::make, MakeTask(make_cifar_task));
  join(tasks, "folder", &TaskKind::make, MakeTask(make_folder_task));
  join(tasks, "clusters", &TaskKind::make, MakeTask(make_clusters_task));
  join(tasks, "markov", &TaskKind::make, MakeTask(make_markov_task));
  join(tasks, "text", &TaskKind::make, MakeTask(make_text_task));
  join(tasks, "tokens", &TaskKind::make, MakeTask(make_tokens_task));
}

void join_models(Family<ModelKind>& models) {
  using Shape = std::function<GptShape()>;
  join(models, "gpt", &ModelKind::shape, Shape([] { return GptShape{}; }));
  join(models, "gpt_20m", &ModelKind::shape, Shape(gpt_20m));
  join(models, "gpt_60m", &ModelKind::shape, Shape(gpt_60m));
  join(models, "gpt_150m", &ModelKind::shape, Shape(gpt_150m));
}

}  // namespace

Kinds with_makers(Kinds kinds) {
  join_samplers(kinds.samplers);
  join_tasks(kinds.tasks);
  join_models(kinds.models);
  return kinds;
}

}  // namespace muster::inline engine
