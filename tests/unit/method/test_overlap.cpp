// Laws of meetings that overlap with local steps, and of fragments.
#include <gtest/gtest.h>

#include <numeric>

#include "muster/base/error.h"
#include "muster/flat/arithmetic.h"
#include "muster/schedule/adaptive_period.h"
#include "muster/schedule/every_step.h"
#include "muster/schedule/loss_driven.h"
#include "muster/schedule/quadratic_rule.h"
#include "tests/unit/method/overlap_run.h"

namespace muster {
namespace {

OverlapOptions delayed(std::optional<int64_t> delay, Merge merge = Merge::corrected, double blend = 0.5,
                       int64_t fragments = 1) {
  return {.delayed = true, .delay = delay, .merge = merge, .blend = blend, .fragments = fragments};
}

OverlapOptions in_fragments(int64_t fragments) { return {.fragments = fragments}; }

/// The forms that differ in what travels when.
std::vector<OverlapOptions> forms() {
  return {delayed(std::nullopt),
          delayed(2),
          delayed(std::nullopt, Merge::blend),
          delayed(3, Merge::blend, 0.3, 3),
          delayed(std::nullopt, Merge::corrected, 0.5, 3),
          in_fragments(3)};
}

Compression compression_of(CodecKind kind, bool error_feedback) {
  return {.codec = {.kind = kind}, .error_feedback = error_feedback, .seed = 3};
}

TEST(Overlap, WithoutDelayItIsThePlainMeetingToTheBit) {
  const auto task = small_task(ImageNetwork::mlp, 64);
  for (const bool nesterov : {false, true})
    for (const auto& compression :
         {std::optional<Compression>(), std::optional(compression_of(CodecKind::int8, true))}) {
      OverlapRunOptions options{.steps = 14, .adam = true, .nesterov = nesterov, .compression = compression};
      const Vector plain = outcome(*task, options);
      for (const OverlapOptions& overlap : {delayed(0), delayed(0, Merge::blend, 0)}) {
        options.overlap = overlap;
        EXPECT_TRUE(same_bits(outcome(*task, options), plain)) << "nesterov " << nesterov;
      }
      options.overlap = delayed(1);  // the law must be able to fail
      EXPECT_FALSE(same_bits(outcome(*task, options), plain));
    }
}

TEST(Overlap, OnAQuadraticItDoesWhatItsFormulasSay) {
  const QuadraticTask task;
  for (const bool nesterov : {false, true})
    for (const OverlapOptions& overlap : forms()) {
      const OverlapRunOptions options{.overlap = overlap, .steps = 40, .nesterov = nesterov};
      Solo group;
      OverlapRun run(task, group, options);
      run.finish();
      const std::vector<double> expected =
          by_formulas({overlap, options.workers, options.steps, options.period, nesterov,
                       [&](int64_t step, int64_t worker) { return run.sampler().samples(step, worker); },
                       [&](int64_t step) { return run.rate().at(step); }});
      for (size_t i = 0; i < expected.size(); ++i)
        EXPECT_NEAR(run.replica(0).data<double>()[i], expected[i], 1e-12) << "element " << i;
    }
}

// The sum of what all workers do is that of plain averaging whose mean comes late: with equal curvature
// nothing but the workers' differences, which average out, tells the two apart.
TEST(Overlap, TheCorrectedFormKeepsTheMeanOfAllLocalSteps) {
  const QuadraticTask task;
  const Vector plain = outcome(task, {.steps = 40});
  const Vector corrected = outcome(task, {.overlap = delayed(std::nullopt), .steps = 40});
  const Vector blended = outcome(task, {.overlap = delayed(std::nullopt, Merge::blend), .steps = 40});
  EXPECT_LT(test::largest_difference(corrected, plain), 1e-12);
  EXPECT_GT(test::largest_difference(blended, plain), 1e-3);
}

TEST(Overlap, SameBitsForAnyThreadsAndAnyStretch) {
  const auto task = small_task(ImageNetwork::mlp, 64);
  for (const OverlapOptions& overlap : forms()) {
    OverlapRunOptions options{.overlap = overlap, .steps = 20, .adam = true, .nesterov = true};
    const Vector first = outcome(*task, options);
    for (const int threads : {2, 4}) {
      options.threads = threads;
      EXPECT_TRUE(same_bits(outcome(*task, options, threads), first));
    }
  }
}

TEST(Overlap, OneWorkerInEachOfFourProcessesIsFourInOneToTheBit) {
  const auto task = small_task(ImageNetwork::mlp, 64);
  for (const OverlapOptions& overlap : forms())
    for (const bool compressed : {false, true}) {
      OverlapRunOptions options{.overlap = overlap, .steps = 20, .adam = true, .nesterov = !compressed};
      if (compressed) options.compression = compression_of(CodecKind::int8, true);
      const Vector together = outcome(*task, options);
      auto group = ThreadGroup::make(4);
      std::vector<Vector> apart(4);
      std::vector<std::thread> threads;
      for (size_t rank = 0; rank < 4; ++rank)
        threads.emplace_back([&, rank] {
          OverlapRun run(*task, *group[rank], options);
          run.finish();
          apart[rank] = run.replica(0).copy();
        });
      for (std::thread& thread : threads) thread.join();
      for (const Vector& one : apart) EXPECT_TRUE(same_bits(one, together));
    }
}

State deep_copy(const State& state) {
  State copy;
  copy.numbers = state.numbers;
  for (const auto& [name, tensor] : state.tensors) copy.tensors[name] = {tensor.values.copy(), tensor.shape};
  return copy;
}

void expect_resumable(const Task& task, const OverlapRunOptions& options, const std::vector<int64_t>& stops) {
  const Vector undisturbed = outcome(task, options);
  for (const int64_t stop : stops) {
    Solo group;
    OverlapRun first(task, group, options);
    while (first.method().step() < stop) first.method().advance(stop - first.method().step());
    const State state = deep_copy(first.method().state());
    OverlapRun second(task, group, options);
    second.method().restore(state);
    second.finish(3);
    EXPECT_TRUE(same_bits(second.parameters(), undisturbed)) << "stopped after step " << stop;
  }
}

TEST(Overlap, AResumeAtAnyStepIsBitEqual) {
  const QuadraticTask task;
  std::vector<int64_t> all(22);
  std::iota(all.begin(), all.end(), 1);
  for (const OverlapOptions& overlap : forms())
    expect_resumable(task, {.overlap = overlap, .workers = 3, .steps = 23, .adam = true, .nesterov = true},
                     all);
}

TEST(Overlap, AResumeOfACompressedMeanOnItsWayIsBitEqual) {
  const auto task = small_task(ImageNetwork::mlp, 64);
  for (const OverlapOptions& overlap : {delayed(std::nullopt), delayed(2, Merge::blend, 0.3, 3)})
    expect_resumable(
        *task,
        {.overlap = overlap, .workers = 3, .steps = 17, .compression = compression_of(CodecKind::int8, true)},
        {7, 10, 14, 16});
}

TEST(Overlap, ALookAtTheMeanChangesNothing) {
  const auto task = small_task(ImageNetwork::mlp, 64);
  for (const OverlapOptions& overlap : forms()) {
    const OverlapRunOptions options{
        .overlap = overlap, .steps = 20, .compression = compression_of(CodecKind::qsgd4, true)};
    Solo group;
    OverlapRun looked(*task, group, options);
    const Vector sum = looked.parameters();
    while (looked.method().advance(2)) {
      sum.fill_zero();
      for (const auto& replica : looked.method().replicas()) add(sum, replica->parameters());
      divide(sum, 4);
      EXPECT_LT(relative_difference(looked.parameters(), sum), 1e-6);
    }
    EXPECT_TRUE(same_bits(looked.parameters(), outcome(*task, options)));
  }
}

/// A group of two whose other rank has always the same vectors. Counts, and on request loses its peer in the
/// operation of that number, when it is waited for.
class Mirror final : public Communicator {
 public:
  explicit Mirror(int lost_in = -1) : lost_in_(lost_in) {}
  int rank() const override { return 0; }
  int size() const override { return 2; }
  std::unique_ptr<Pending> start_mean(const Vector& vector, Vector& mean) override {
    if (vector.size() > 1) sizes.push_back(vector.size());
    lost_ = lost_ || lost_in_-- == 0;
    if (lost_) return std::make_unique<Lost>();
    return inner_.start_mean(vector, mean);
  }
  std::unique_ptr<Pending> start_exchange(const std::vector<Vector>& parts,
                                          std::vector<Vector>& received) override {
    return inner_.start_exchange(parts, received);
  }
  std::unique_ptr<Pending> start_gather(const Vector& part, std::vector<Vector>& received) override {
    return inner_.start_gather(part, received);
  }
  void broadcast(Vector& vector, int root) override { inner_.broadcast(vector, root); }

  std::vector<int64_t> sizes;  ///< of the vectors averaged, in elements

 private:
  class Lost final : public Pending {
   public:
    void wait(Deadline) override { throw LostPeer("rank 1 is gone"); }
  };
  Solo inner_;
  int lost_in_;
  bool lost_ = false;  // then it stays so
};

TEST(Overlap, FragmentsHandInAsMuchAndNoneMoreThanItsOwn) {
  const auto task = small_task(ImageNetwork::resnet8, 64);
  const int64_t size = task->make_model()->parameters().size();
  for (const bool late : {false, true}) {
    OverlapRunOptions options{.workers = 2, .steps = 16, .period = 4};
    options.overlap = late ? delayed(std::nullopt, Merge::corrected, 0.5, 4) : in_fragments(4);
    Mirror group;
    OverlapRun run(*task, group, options);
    const auto rounds = run.finish();
    ASSERT_EQ(rounds.size(), 4U);
    for (const RoundReport& round : rounds) EXPECT_EQ(round.bytes_per_worker, 4 * size);
    ASSERT_EQ(group.sizes.size(), 16U);
    for (size_t i = 0; i < 16; i += 4)
      EXPECT_EQ(group.sizes[i] + group.sizes[i + 1] + group.sizes[i + 2] + group.sizes[i + 3], size);
    const double largest = static_cast<double>(*std::max_element(group.sizes.begin(), group.sizes.end()));
    EXPECT_LT(largest / static_cast<double>(size), 0.5);  // its largest tensor has 48 % of the parameters
  }
}

TEST(Overlap, AMeetingLostOnItsWayIsMadeAnewFromTheSnapshots) {
  const QuadraticTask task;
  for (const OverlapOptions& overlap : forms()) {
    // On the heap: GCC 12 takes its empty optional for uninitialised otherwise.
    const auto kept = std::make_unique<const OverlapRunOptions>(
        OverlapRunOptions{.overlap = overlap, .workers = 2, .steps = 23, .nesterov = true});
    const OverlapRunOptions& options = *kept;
    Mirror whole;
    OverlapRun undisturbed(task, whole, options);
    undisturbed.finish();
    for (const int lost_in : {0, 1, 3}) {
      Mirror broken(lost_in), next;
      OverlapRun run(task, broken, options);
      const auto advance_all = [&] {
        try {
          while (run.method().advance(1)) continue;
        } catch (const LostPeer&) {
          return false;
        }
        return true;
      };
      ASSERT_FALSE(advance_all());
      const int64_t outcomes = run.method().rounds();
      const Vector before = run.replica(0).copy();
      EXPECT_THROW(run.method().advance(1), LostPeer);  // nothing has changed
      EXPECT_TRUE(same_bits(run.replica(0), before));
      EXPECT_EQ(run.method().rounds(), outcomes);
      run.averager().use_group(next);
      run.method().regrouped();
      EXPECT_TRUE(advance_all());
      EXPECT_TRUE(same_bits(run.parameters(), undisturbed.parameters())) << "lost in operation " << lost_in;
    }
  }
}

TEST(Overlap, ANewcomerBetweenRoundsGoesOnAsTheOneItCameFrom) {
  const QuadraticTask task;
  for (const OverlapOptions& overlap : {delayed(std::nullopt), delayed(4, Merge::blend, 0.3, 3)}) {
    const OverlapRunOptions options{.overlap = overlap, .workers = 2, .steps = 23, .nesterov = true};
    Mirror group, other;
    OverlapRun member(task, group, options), newcomer(task, other, options);
    for (int64_t rounds = 0; rounds < 2;) rounds += member.method().advance(1000)->round ? 1 : 0;
    newcomer.method().adopt(deep_copy(member.method().state_for_newcomers()));
    EXPECT_EQ(newcomer.method().rounds(), member.method().rounds());
    member.finish();
    newcomer.finish(1);
    EXPECT_TRUE(same_bits(newcomer.parameters(), member.parameters()));
  }
}

TEST(Overlap, VariableRoundsMeetOncePerRound) {
  const auto task = small_task(ImageNetwork::mlp, 64);
  SmallRunOptions options{.workers = 2, .steps = 50};
  options.overlap = delayed(std::nullopt, Merge::corrected, 0.5, 2);
  SmallRun run(*task, options,
               std::make_unique<QuadraticRule>(
                   QuadraticRuleOptions{.base_period = 2, .growth = 0.05, .warmup_steps = 5}),
               sgd());
  const auto rounds = run.finish();
  EXPECT_NE(rounds.front().round.steps, rounds[rounds.size() - 2].round.steps);
  int64_t steps = 0;
  for (const RoundReport& round : rounds) {
    EXPECT_EQ(round.first_step, steps);
    EXPECT_EQ(round.bytes_per_worker, 4 * run.parameters().size());
    EXPECT_FALSE(round.divergence);
    steps += round.round.steps;
  }
  EXPECT_EQ(steps, 50);
}

TEST(Overlap, WhatMakesNoSenseIsRefused) {
  const auto task = small_task(ImageNetwork::mlp, 64);
  const auto make = [&](const OverlapOptions& overlap, std::unique_ptr<SyncSchedule> schedule,
                        MomentsAtMeeting at_meeting = MomentsAtMeeting::keep) {
    SmallRunOptions options{.at_meeting = at_meeting};
    options.overlap = overlap;
    SmallRun run(*task, options, std::move(schedule), adamw());
    run.method().advance(1);
  };
  EXPECT_NO_THROW(make(delayed(3), constant(4)));
  EXPECT_THROW(make(delayed(-1), constant(4)), OptionError);
  EXPECT_THROW(make(delayed(1, Merge::blend, 1.5), constant(4)), OptionError);
  EXPECT_THROW(make(in_fragments(0), constant(4)), OptionError);
  EXPECT_THROW(make(in_fragments(1000), constant(4)), OptionError);
  for (const OverlapOptions& overlap : {delayed(3), in_fragments(2)}) {
    EXPECT_THROW(make(overlap, std::make_unique<AdaptivePeriod>(AdaptivePeriodOptions{})), OptionError);
    EXPECT_THROW(make(overlap, constant(4), MomentsAtMeeting::average), OptionError);
    EXPECT_THROW(make(overlap, constant(4), MomentsAtMeeting::reset), OptionError);
    EXPECT_THROW(make(overlap, std::make_unique<EveryStep>(EveryStepOptions{})), Bug);
  }
  EXPECT_THROW(make(delayed(3), std::make_unique<LossDriven>(LossDrivenOptions{})), OptionError);
  EXPECT_NO_THROW(make(in_fragments(2), std::make_unique<LossDriven>(LossDrivenOptions{})));
}

}  // namespace
}  // namespace muster
