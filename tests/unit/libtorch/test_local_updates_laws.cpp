// What LocalUpdates must give, to the bit, beside our own method and beside no method at all.
#include <gmock/gmock.h>

#include "muster/checkpoint/checkpoint.h"
#include "muster/comm/solo.h"
#include "muster/libtorch/kernel_threads.h"
#include "muster/method/synchronous.h"
#include "muster/optim/average.h"
#include "muster/optim/nesterov.h"
#include "muster/optim/slowmo.h"
#include "muster/schedule/adaptive_period.h"
#include "muster/schedule/constant_period.h"
#include "muster/schedule/every_step.h"
#include "muster/schedule/loss_driven.h"
#include "muster/schedule/post_local.h"
#include "muster/schedule/quadratic_rule.h"
#include "muster/schedule/swap.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/vectors.h"
#include "tests/unit/libtorch/linear_loop.h"
#include "tests/unit/local_updates/on_ranks.h"

namespace muster {
namespace {

struct Rule {
  const char* name;
  std::function<std::unique_ptr<SyncSchedule>()> make;
};

template <class Schedule, class Options>
Rule rule(const char* name, Options options) {
  return {name, [options] { return std::make_unique<Schedule>(options); }};
}

std::vector<Rule> rules() {
  return {
      rule<EveryStep>("every_step", EveryStepOptions{}),
      rule<ConstantPeriod>("constant 1", ConstantPeriodOptions{.base_period = 1}),
      rule<ConstantPeriod>("constant 7", ConstantPeriodOptions{.base_period = 7}),
      rule<QuadraticRule>("qsr", QuadraticRuleOptions{.base_period = 2, .growth = 0.04, .warmup_steps = 5}),
      rule<PostLocal>("post_local", PostLocalOptions{.base_period = 4, .switch_step = 17}),
      rule<AdaptivePeriod>("adaptive", AdaptivePeriodOptions{.base_period = 2, .warmup_steps = 5}),
      rule<LossDriven>("loss", LossDrivenOptions{.base_period = 5, .warmup_steps = 5}),
      rule<Swap>("swap", SwapOptions{.base_period = 3, .switch_step = 40}),
  };
}

struct Outer {
  const char* name;
  OuterOptimizerFactory make;
};

std::vector<Outer> outers() {
  return {{"average", {}},
          {"nesterov",
           [](int64_t size, ElementType type) {
             return std::make_unique<Nesterov>(NesterovOptions{.learning_rate = 0.6, .momentum = 0.5}, size,
                                               type);
           }},
          {"slowmo", [](int64_t size, ElementType type) {
             return std::make_unique<SlowMo>(SlowMoOptions{.momentum = 0.3}, size, type);
           }}};
}

struct Outcome {
  Vector parameters;
  std::vector<RoundReport> rounds;
};

/// The same training by our own method, all workers in one process.
Outcome by_method(const LinearLoop::Setting& setting, int64_t workers, const Rule& rule, const Outer& outer) {
  use_single_threaded_kernels();
  const LinearTask task(setting.type);
  const PermutationSampler sampler(
      {.samples = train_samples, .workers = workers, .batch = setting.batch, .seed = 3});
  ThreadPool pool(1);
  Solo group;
  Averager averager(group, pool);
  const LearningRate rate(setting.rate, setting.total_steps);
  auto make_outer = outer.make ? outer.make : [](int64_t, ElementType) -> std::unique_ptr<OuterOptimizer> {
    return std::make_unique<PlainAverage>();
  };
  Synchronous method(
      {task, sampler, pool, averager, rate, rule.make(), make_outer(linear_layout().size(), setting.type),
       [&](const Layout& layout, ElementType type) {
         return std::make_unique<Sgd>(setting.sgd, layout, type);
       }},
      {.total_steps = setting.total_steps, .hosted_workers = workers});
  Outcome outcome;
  while (const auto progress = method.advance(1000))
    if (progress->round) outcome.rounds.push_back(*progress->round);
  outcome.parameters = method.mean_parameters().copy();
  return outcome;
}

void expect_same_rounds(const std::vector<MeetingReport>& loop, const std::vector<RoundReport>& method) {
  ASSERT_EQ(loop.size(), method.size());
  for (size_t i = 0; i < loop.size(); ++i) {
    EXPECT_EQ(loop[i].index, method[i].index);
    EXPECT_EQ(loop[i].first_step, method[i].first_step);
    EXPECT_EQ(loop[i].steps, method[i].round.steps);
    EXPECT_EQ(loop[i].what, method[i].round.what);
    EXPECT_EQ(loop[i].learning_rate, method[i].learning_rate);
    EXPECT_EQ(loop[i].divergence, method[i].divergence);
    EXPECT_NEAR(loop[i].loss.value_or(-1), method[i].loss, 1e-12);  // sums are taken in another order
  }
}

TEST(TensorLoopLaws, HasTheBitsOfOurOwnMethod) {
  for (const ElementType type : {ElementType::float32, ElementType::float64})
    for (const int ranks : {1, 2, 3})
      for (const Rule& rule : rules())
        for (const Outer& outer : outers()) {
          SCOPED_TRACE(std::string(rule.name) + ", " + outer.name + ", " + std::to_string(ranks) + " ranks");
          const LinearLoop::Setting setting{.type = type};
          const Outcome expected = by_method(setting, ranks, rule, outer);
          on_ranks(ranks, [&](std::unique_ptr<Communicator>& group) {
            LinearLoop loop(*group, rule.make(), setting,
                            {.outer = outer.make, .measure_divergence = true, .measure_loss = true});
            const auto reports = loop.finish();
            EXPECT_TRUE(same_bits(loop.local->parameters(), expected.parameters));
            if (group->rank() == 0) expect_same_rounds(reports, expected.rounds);
          });
        }
}

/// The same loop without LocalUpdates: Sgd on a flat vector.
Vector plain_loop(const LinearLoop::Setting& setting) {
  const LinearTask task(setting.type);
  const PermutationSampler sampler({.samples = train_samples, .batch = setting.batch, .seed = 3});
  const LearningRate rate(setting.rate, setting.total_steps);
  const Layout layout = linear_layout();
  const at::Tensor values = drawn({layout.size()}, 1, scalar_type(setting.type)),
                   gradient = at::zeros_like(values);
  Vector vector = vector_of(values);
  Sgd optimizer(setting.sgd, layout, setting.type);
  for (int64_t step = 0; step < setting.total_steps; ++step) {
    linear_gradient(view_of(values, layout.pieces()[0]), view_of(values, layout.pieces()[1]),
                    task.train_batch(sampler.samples(step, 0), 0), view_of(gradient, layout.pieces()[0]),
                    view_of(gradient, layout.pieces()[1]));
    optimizer.step(vector, vector_of(gradient), rate.at(step));
  }
  return vector;
}

TEST(TensorLoopLaws, OneRankIsThePlainLoopForAnyRule) {
  for (const ElementType type : {ElementType::float32, ElementType::float64})
    for (const Rule& rule : rules()) {
      SCOPED_TRACE(rule.name);
      const LinearLoop::Setting setting{.type = type};
      Solo alone;
      LinearLoop loop(alone, rule.make(), setting);
      const auto reports = loop.finish();
      EXPECT_TRUE(same_bits(loop.local->parameters(), plain_loop(setting)));
      EXPECT_EQ(reports.back().first_step + reports.back().steps, setting.total_steps);
    }
}

TEST(TensorLoopLaws, PeriodOneIsTheLargeBatch) {
  const LinearLoop::Setting small{.batch = 4, .type = ElementType::float64},
      large{.batch = 12, .type = ElementType::float64};
  const Vector expected = plain_loop(large);
  for (const bool gradients : {false, true})
    on_ranks(3, [&](std::unique_ptr<Communicator>& group) {
      LinearLoop loop(*group, (gradients ? rules()[0] : rules()[1]).make(), small);
      const auto reports = loop.finish();
      EXPECT_LE(test::largest_difference(loop.local->parameters(), expected), 1e-13);
      EXPECT_EQ(reports.size(), 60U);
      const int64_t flags = gradients ? 2 : 0;  // which of the two parameters has a gradient
      EXPECT_EQ(reports[0].bytes_per_worker, (linear_layout().size() + flags) * 8);
    });
}

TEST(TensorLoopLaws, ADifferentPeriodTrainsDifferently) {
  const LinearLoop::Setting setting{.type = ElementType::float64};
  std::vector<Vector> ends;
  for (const int which : {1, 2})
    on_ranks(2, [&](std::unique_ptr<Communicator>& group) {
      LinearLoop loop(*group, rules()[static_cast<size_t>(which)].make(), setting);
      loop.finish();
      if (group->rank() == 0) ends.push_back(loop.local->parameters().copy());
    });
  EXPECT_GT(test::largest_difference(ends[0], ends[1]), 1e-6);
}

TEST(TensorLoopLaws, RanksAreApartInARoundAndAlikeAfterIt) {
  std::vector<std::vector<Vector>> seen(2, std::vector<Vector>(60));
  on_ranks(2, [&](std::unique_ptr<Communicator>& group) {
    LinearLoop loop(*group, rules()[2].make(), {});
    for (auto& after : seen[static_cast<size_t>(group->rank())]) {
      const auto report = loop.step();
      after = loop.local->parameters().copy();
      EXPECT_EQ(report.has_value(), !loop.local->in_round());
    }
  });
  for (size_t step = 0; step < 60; ++step)
    EXPECT_EQ(same_bits(seen[0][step], seen[1][step]), (step + 1) % 7 == 0 || step == 59) << step;
}

TEST(TensorLoopLaws, RestoredIsUninterruptedAtAnyStep) {
  const LinearLoop::Setting setting{.total_steps = 30};
  for (const Rule& rule : rules())
    for (const Outer& outer : {outers()[0], outers()[1]}) {
      SCOPED_TRACE(std::string(rule.name) + ", " + outer.name);
      const LocalUpdatesOptions options{.outer = outer.make};
      on_ranks(2, [&](std::unique_ptr<Communicator>& group) {
        LinearLoop whole(*group, rule.make(), setting, options);
        std::vector<State> states = {whole.state()};
        for (int step = 0; step < 30; ++step) {
          whole.step();
          states.push_back(whole.state());
        }
        for (const size_t cut : {0, 1, 6, 16, 17, 23, 29, 30}) {
          LinearLoop resumed(*group, rule.make(), setting, options);
          resumed.restore(states[cut]);
          EXPECT_EQ(resumed.local->steps_done(), static_cast<int64_t>(cut));
          resumed.finish();
          EXPECT_TRUE(same_bits(resumed.local->parameters(), whole.local->parameters())) << cut;
          EXPECT_EQ(resumed.state().numbers, states[30].numbers) << cut;
        }
      });
    }
}

TEST(TensorLoopLaws, GoesOnFromACheckpointOnTheDisk) {
  const Rule adaptive = rules()[5];
  const LocalUpdatesOptions options{.outer = outers()[1].make};
  const test::TemporaryFolder folder;
  on_ranks(2, [&](std::unique_ptr<Communicator>& group) {
    CheckpointStore store(folder / ("rank" + std::to_string(group->rank())), 2);
    LinearLoop whole(*group, adaptive.make(), {}, options);
    for (int step = 0; step < 41; ++step) whole.step();
    EXPECT_TRUE(whole.local->in_round());
    store.save(whole.local->steps_done(), {}, whole.state(), "{}");
    whole.finish();
    LinearLoop resumed(*group, adaptive.make(), {}, options);
    resumed.restore(store.latest()->state);
    resumed.finish();
    EXPECT_TRUE(same_bits(resumed.local->parameters(), whole.local->parameters()));
  });
}

}  // namespace
}  // namespace muster
