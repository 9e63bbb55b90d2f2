// A run of several processes is the run of as many workers in one: to the bit with one worker each, whatever
// the rule, the outer optimizer, the codec, and what becomes of the moments. Ranks are threads, messages go
// over Gloo.
#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "muster/comm/linked_group.h"
#include "muster/links/connect_links.h"
#include "muster/optim/nesterov.h"
#include "muster/optim/slowmo.h"
#include "muster/schedule/adaptive_period.h"
#include "muster/schedule/every_step.h"
#include "muster/schedule/loss_driven.h"
#include "muster/schedule/post_local.h"
#include "muster/schedule/quadratic_rule.h"
#include "tests/support/have_gloo.h"
#include "tests/support/memory_store.h"
#include "tests/unit/method/small_run.h"

namespace muster {
namespace {

struct Case {
  std::string name;
  std::function<std::unique_ptr<SyncSchedule>()> schedule;
  std::function<std::unique_ptr<OuterOptimizer>(int64_t size)> outer = [](int64_t) {
    return std::make_unique<PlainAverage>();
  };
  InnerOptimizerFactory inner = sgd();
  MomentsAtMeeting at_meeting = MomentsAtMeeting::keep;
  std::optional<Compression> compression{};
};

struct Outcome {
  Vector parameters;
  std::vector<RoundReport> rounds;
};

constexpr int64_t all_workers = 4, all_steps = 20;

/// One process's run, `processes` of them in the group.
Outcome run_rank(const Task& task, const Case& test, Communicator& group) {
  const int64_t hosted = all_workers / group.size();
  ThreadPool pool((use_single_threaded_kernels(), 1), use_single_threaded_kernels_here);
  Averager averager(group, pool, test.compression);
  PermutationSampler sampler({.samples = task.train_size(), .workers = all_workers, .batch = 8, .seed = 3});
  const LearningRate rate({.shape = LearningRateShape::cosine, .peak = 0.05, .warmup_steps = 5}, all_steps);
  const int64_t size = task.make_model()->parameters().size();
  Synchronous method({task, sampler, pool, averager, rate, test.schedule(), test.outer(size), test.inner},
                     {.total_steps = all_steps,
                      .hosted_workers = hosted,
                      .seed = 3,
                      .at_meeting = test.at_meeting,
                      .deadline = std::chrono::seconds(60)});
  Outcome outcome;
  while (auto progress = method.advance(3))
    if (progress->round) outcome.rounds.push_back(*progress->round);
  outcome.parameters = method.replicas()[0]->parameters().copy();
  return outcome;
}

/// Outcomes of every test by every rank: [test][rank].
std::vector<std::vector<Outcome>> run_processes(const Task& task, const std::vector<Case>& tests,
                                                int processes, LinkKind kind = LinkKind::automatic) {
  std::vector<std::vector<Outcome>> outcomes(tests.size(),
                                             std::vector<Outcome>(static_cast<size_t>(processes)));
  test::MemoryStore store;
  std::vector<std::thread> ranks;
  for (int rank = 0; rank < processes; ++rank)
    ranks.emplace_back([&, rank] {
      LinkOptions links;
      links.interface = "lo";
      std::unique_ptr<Communicator> group = std::make_unique<Solo>();
      if (processes > 1)
        group = make_linked_group(connect_links(kind, store, "run/", rank, processes, links).links, nullptr,
                                  {.slice_bytes = 16 << 10});
      for (size_t i = 0; i < tests.size(); ++i)
        outcomes[i][static_cast<size_t>(rank)] = run_rank(task, tests[i], *group);
    });
  for (std::thread& rank : ranks) rank.join();
  return outcomes;
}

std::function<std::unique_ptr<SyncSchedule>()> constant_of(int64_t period) {
  return [period] { return constant(period); };
}

std::vector<Case> cases() {
  const auto slowmo = [](int64_t size) {
    return std::make_unique<SlowMo>(SlowMoOptions{}, size, ElementType::float32);
  };
  const auto nesterov = [](int64_t size) {
    return std::make_unique<Nesterov>(NesterovOptions{}, size, ElementType::float32);
  };
  const auto codec = [](CodecKind kind, bool feedback) {
    return Compression{
        .codec = {.kind = kind,
                  .bucket = kind == CodecKind::top_k ? std::nullopt : std::optional<int64_t>(64)},
        .error_feedback = feedback,
        .seed = 5};
  };
  std::vector<Case> all = {
      {"every_step", [] { return std::make_unique<EveryStep>(); }},
      {"constant", constant_of(4)},
      {"post_local",
       [] { return std::make_unique<PostLocal>(PostLocalOptions{.base_period = 4, .switch_step = 7}); }},
      {"qsr",
       [] {
         return std::make_unique<QuadraticRule>(QuadraticRuleOptions{.base_period = 2, .growth = 0.08});
       }},
      {"adaptive", [] { return std::make_unique<AdaptivePeriod>(AdaptivePeriodOptions{.base_period = 2}); }},
      {"loss", [] { return std::make_unique<LossDriven>(LossDrivenOptions{.base_period = 3}); }},
      {"loss, at every meeting by the clock",
       [] {
         return std::make_unique<LossDriven>(LossDrivenOptions{.base_period = 3, .interval_seconds = 1e-9});
       }},
      {"slowmo", constant_of(3), slowmo},
      {"nesterov", constant_of(3), nesterov},
      {"adamw, moments averaged", constant_of(4), slowmo, adamw(), MomentsAtMeeting::average},
      {"adamw, moments reset", constant_of(4), nesterov, adamw(), MomentsAtMeeting::reset},
      {"qsgd4", constant_of(4)},
      {"int8 with feedback", constant_of(4), nesterov},
      {"top_k with feedback, every step", [] { return std::make_unique<EveryStep>(); }}};
  all[all.size() - 3].compression = codec(CodecKind::qsgd4, false);
  all[all.size() - 2].compression = codec(CodecKind::int8, true);
  all[all.size() - 1].compression = codec(CodecKind::top_k, true);
  return all;
}

void expect_same(const Outcome& apart, const Outcome& together, const std::string& name) {
  EXPECT_TRUE(same_bits(apart.parameters, together.parameters)) << name;
  ASSERT_EQ(apart.rounds.size(), together.rounds.size()) << name;
  for (size_t i = 0; i < apart.rounds.size(); ++i) {
    const RoundReport &one = apart.rounds[i], &other = together.rounds[i];
    EXPECT_EQ(one.loss, other.loss) << name << ", round " << i;
    EXPECT_EQ(one.round.steps, other.round.steps) << name << ", round " << i;
    if (one.divergence) {
      EXPECT_EQ(*one.divergence, *other.divergence) << name << ", round " << i;
    }
  }
}

TEST(Processes, OneWorkerEachGivesTheBitsOfOneProcess) {
  const auto task = small_task(ImageNetwork::mlp);
  const std::vector<Case> tests = cases();
  const auto together = run_processes(*task, tests, 1);
  std::vector<LinkKind> kinds = {LinkKind::shared_memory};
  if (test::have_gloo) kinds.push_back(LinkKind::gloo);
  for (const LinkKind kind : kinds) {
    const auto apart = run_processes(*task, tests, 4, kind);
    for (size_t i = 0; i < tests.size(); ++i)
      for (const Outcome& rank : apart[i]) expect_same(rank, together[i][0], tests[i].name);
  }
}

TEST(Processes, TwoWorkersEachDifferByRoundingOnly) {
  const auto task = small_task(ImageNetwork::mlp);
  std::vector<Case> tests = cases();
  // A process's workers travel as one, so that other numbers are encoded.
  std::erase_if(tests, [](const Case& test) { return test.compression.has_value(); });
  const auto together = run_processes(*task, tests, 1), apart = run_processes(*task, tests, 2);
  for (size_t i = 0; i < tests.size(); ++i) {
    // Rounding that AdamW's first steps magnify; how much differs between processors (1.1e-5 was seen).
    EXPECT_LE(relative_difference(apart[i][0].parameters, together[i][0].parameters), 3e-5) << tests[i].name;
    EXPECT_TRUE(same_bits(apart[i][0].parameters, apart[i][1].parameters)) << tests[i].name;
  }
}

}  // namespace
}  // namespace muster
