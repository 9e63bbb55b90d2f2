#include "muster/engine/signature_runs.h"

#include <utility>
#include <vector>

#include "muster/app/keys/codec_choice.h"
#include "muster/app/keys/make_schedule.h"
#include "muster/base/error.h"
#include "muster/comm/solo.h"
#include "muster/engine/build_optimizers.h"
#include "muster/engine/build_overlap.h"
#include "muster/engine/signature_hash.h"
#include "muster/engine/signature_own_loop.h"
#include "muster/engine/signature_ranks.h"
#include "muster/engine/signature_server.h"
#include "muster/libtorch/kernel_threads.h"
#include "muster/method/synchronous.h"
#include "muster/task/samplers/samplers.h"

namespace muster::inline engine {

namespace {

/// What a rank ends with: the first step of every round, and its workers' parameters.
struct Ended {
  std::vector<int64_t> rounds;
  std::vector<Vector> parameters;
};

std::optional<Compression> compression_of(const Catalogue& catalogue, const Configuration& configuration) {
  const auto choice = codec_choice(catalogue, configuration.comm);
  if (!choice) return std::nullopt;
  return Compression{choice->codec, choice->error_feedback, 1};
}

Ended train(const Catalogue& catalogue, const SignatureCase& chosen, const Configuration& configuration,
            const RankGroups& groups) {
  const ScalarTask task = task_of(chosen);
  const int64_t workers = *configuration.run.workers, steps = *configuration.run.steps;
  const PermutationSampler sampler(
      {.samples = task.train_size(), .workers = workers, .batch = configuration.task.batch, .seed = 1});
  ThreadPool pool(2, use_single_threaded_kernels_here);
  Averager averager(*groups.all, pool, compression_of(catalogue, configuration));
  std::optional<InnerMeeting> inner;
  if (configuration.comm.group_size > 1)
    inner.emplace(Grouping{configuration.comm.group_size, workers, groups.all->size()},
                  configuration.comm.inner_period, groups.inner.get(), pool);
  const LearningRate rate = make_learning_rate(catalogue, configuration, steps);
  Synchronous method(
      {task, sampler, pool, averager, rate, make_schedule(catalogue, configuration),
       build_outer(catalogue, configuration.outer, task.make_model()->parameters().size(), chosen.type),
       build_inner(catalogue, configuration.inner), inner ? &*inner : nullptr},
      {.total_steps = steps,
       .hosted_workers = workers / groups.all->size(),
       .clip = configuration.inner.clip.value_or(0),
       .at_meeting = build_at_meeting(configuration.inner),
       .overlap = build_overlap(catalogue, configuration.comm)});
  Ended ended;
  while (const auto progress = method.advance(steps))
    if (progress->round) ended.rounds.push_back(progress->round->first_step);
  for (const auto& replica : method.replicas()) ended.parameters.push_back(replica->parameters().copy());
  return ended;
}

std::vector<RankGroups> groups_of(SignaturePlace place, int ranks) {
  switch (place) {
    case SignaturePlace::one_process: {
      std::vector<RankGroups> alone;
      alone.push_back({std::make_unique<Solo>()});
      return alone;
    }
    case SignaturePlace::threads:
      return thread_ranks(ranks);
    case SignaturePlace::blocks:
      return block_ranks(ranks);
    case SignaturePlace::links:
      return linked_ranks(ranks);
    case SignaturePlace::asynchronous:
    case SignaturePlace::own_loop:
      break;
  }
  throw Bug("a place without groups");
}

void add_synchronous(const Catalogue& catalogue, SignatureHash& hash, const SignatureCase& chosen) {
  const Configuration configuration = configuration_of(catalogue, chosen);
  const std::vector<RankGroups> groups =
      groups_of(chosen.place, static_cast<int>(*configuration.run.workers));
  std::vector<Ended> ended(groups.size());
  on_all_ranks(static_cast<int>(groups.size()), [&](int rank) {
    const auto at = static_cast<size_t>(rank);
    ended[at] = train(catalogue, chosen, configuration, groups[at]);
  });
  for (const int64_t round : ended.front().rounds) hash.add(round);
  for (const Ended& one : ended)
    for (const Vector& parameters : one.parameters) hash.add(parameters);
}

}  // namespace

uint64_t signature_of(const Catalogue& catalogue, const SignatureCase& chosen) {
  SignatureHash hash;
  if (chosen.place == SignaturePlace::own_loop)
    add_own_loops(catalogue, hash, chosen);
  else if (chosen.place == SignaturePlace::asynchronous)
    add_server(catalogue, hash, chosen);
  else
    add_synchronous(catalogue, hash, chosen);
  return hash.value();
}

}  // namespace muster::inline engine
