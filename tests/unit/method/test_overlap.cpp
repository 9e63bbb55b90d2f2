// Laws of meetings that overlap with local steps, and of fragments.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <numeric>

#include "muster/base/error.h"
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
      const at::Tensor plain = outcome(*task, options);
      for (const OverlapOptions& overlap : {delayed(0), delayed(0, Merge::blend, 0)}) {
        options.overlap = overlap;
        EXPECT_TRUE(at::equal(outcome(*task, options), plain)) << "nesterov " << nesterov;
      }
      options.overlap = delayed(1);  // the law must be able to fail
      EXPECT_FALSE(at::equal(outcome(*task, options), plain));
    }
}

/// What the formulas say, worker by worker and element by element: the tensors of QuadraticModel, 4, 3 and 5
/// elements long, are the fragments where there are three.
std::vector<double> simulate(OverlapRun& run, const OverlapRunOptions& options) {
  constexpr int64_t size = QuadraticModel::size;
  const OverlapOptions& overlap = options.overlap;
  const std::vector<int64_t> begins =
      overlap.fragments == 3 ? std::vector<int64_t>{0, 4, 7, size} : std::vector<int64_t>{0, size};
  const auto workers = static_cast<size_t>(options.workers);
  std::vector<std::vector<double>> x(workers, std::vector<double>(size)), snapshot = x;
  std::vector<double> anchor(size), momentum(size);
  std::vector<int64_t> begun(begins.size() - 1, -1);
  const auto land = [&](size_t p, bool all_wait) {
    for (int64_t i = begins[p]; i < begins[p + 1]; ++i) {
      const auto at = static_cast<size_t>(i);
      double mean = 0;
      for (auto& s : snapshot) mean += s[at] / static_cast<double>(workers);
      const double gradient = anchor[at] - mean;
      momentum[at] = 0.9 * momentum[at] + gradient;
      anchor[at] = options.nesterov ? anchor[at] - 0.7 * (gradient + 0.9 * momentum[at]) : mean;
      for (size_t k = 0; k < workers; ++k) {
        double& own = x[k][at];
        if (all_wait || !overlap.delayed)
          own = anchor[at];
        else if (overlap.merge == Merge::corrected)
          own += anchor[at] - snapshot[k][at];
        else
          own = overlap.blend * own + (1 - overlap.blend) * anchor[at];
      }
    }
    begun[p] = -1;
  };
  for (int64_t step = 0; step < options.steps; ++step) {
    for (size_t k = 0; k < workers; ++k) {
      const auto samples = run.sampler().samples(step, static_cast<int64_t>(k));
      for (int64_t i = 0; i < size; ++i) {
        double target = 0;
        for (const int64_t sample : samples)
          target += QuadraticModel::target(sample, i) / static_cast<double>(samples.size());
        double& own = x[k][static_cast<size_t>(i)];
        own -= run.rate().at(step) * QuadraticModel::curvature(i) * (own - target);
      }
    }
    const int64_t done = step + 1;
    const auto count = static_cast<int64_t>(begun.size());
    const int64_t first = step / options.period * options.period;
    const int64_t steps = std::min(options.period, options.steps - first);
    const bool last = first + steps == options.steps;
    for (int64_t fragment = 0; fragment < count; ++fragment) {
      const auto p = static_cast<size_t>(fragment);
      const double turn = static_cast<double>((fragment + 1) * steps) / static_cast<double>(count);
      const bool meets = done - first == (last ? steps : static_cast<int64_t>(std::ceil(turn)));
      if (begun[p] >= 0 && (meets || (overlap.delay && done >= begun[p] + *overlap.delay))) land(p, false);
      if (!meets) continue;
      for (size_t k = 0; k < workers; ++k)
        std::copy(x[k].begin() + begins[p], x[k].begin() + begins[p + 1], snapshot[k].begin() + begins[p]);
      begun[p] = done;
      if (last || !overlap.delayed) land(p, true);
    }
  }
  return x[0];
}

TEST(Overlap, OnAQuadraticItDoesWhatItsFormulasSay) {
  const QuadraticTask task;
  for (const bool nesterov : {false, true})
    for (const OverlapOptions& overlap : forms()) {
      const OverlapRunOptions options{.overlap = overlap, .steps = 40, .nesterov = nesterov};
      Solo group;
      OverlapRun run(task, group, options);
      run.finish();
      const std::vector<double> expected = simulate(run, options);
      for (size_t i = 0; i < expected.size(); ++i)
        EXPECT_NEAR(run.replica(0).data_ptr<double>()[i], expected[i], 1e-12) << "element " << i;
    }
}

// The sum of what all workers do is that of plain averaging whose mean comes late: with equal curvature
// nothing but the workers' differences, which average out, tells the two apart.
TEST(Overlap, TheCorrectedFormKeepsTheMeanOfAllLocalSteps) {
  const QuadraticTask task;
  const at::Tensor plain = outcome(task, {.steps = 40});
  const at::Tensor corrected = outcome(task, {.overlap = delayed(std::nullopt), .steps = 40});
  const at::Tensor blended = outcome(task, {.overlap = delayed(std::nullopt, Merge::blend), .steps = 40});
  EXPECT_LT((corrected - plain).abs().max().item<double>(), 1e-12);
  EXPECT_GT((blended - plain).abs().max().item<double>(), 1e-3);
}

TEST(Overlap, SameBitsForAnyThreadsAndAnyStretch) {
  const auto task = small_task(ImageNetwork::mlp, 64);
  for (const OverlapOptions& overlap : forms()) {
    OverlapRunOptions options{.overlap = overlap, .steps = 20, .adam = true, .nesterov = true};
    const at::Tensor first = outcome(*task, options);
    for (const int threads : {2, 4}) {
      options.threads = threads;
      EXPECT_TRUE(at::equal(outcome(*task, options, threads), first));
    }
  }
}

TEST(Overlap, OneWorkerInEachOfFourProcessesIsFourInOneToTheBit) {
  const auto task = small_task(ImageNetwork::mlp, 64);
  for (const OverlapOptions& overlap : forms())
    for (const bool compressed : {false, true}) {
      OverlapRunOptions options{.overlap = overlap, .steps = 20, .adam = true, .nesterov = !compressed};
      if (compressed) options.compression = compression_of(CodecKind::int8, true);
      const at::Tensor together = outcome(*task, options);
      auto group = ThreadGroup::make(4);
      std::vector<at::Tensor> apart(4);
      std::vector<std::thread> threads;
      for (size_t rank = 0; rank < 4; ++rank)
        threads.emplace_back([&, rank] {
          OverlapRun run(*task, *group[rank], options);
          run.finish();
          apart[rank] = run.replica(0).clone();
        });
      for (std::thread& thread : threads) thread.join();
      for (const at::Tensor& one : apart) EXPECT_TRUE(at::equal(one, together));
    }
}

State deep_copy(const State& state) {
  State copy;
  copy.numbers = state.numbers;
  for (const auto& [name, tensor] : state.tensors) copy.tensors[name] = tensor.clone();
  return copy;
}

void expect_resumable(const Task& task, const OverlapRunOptions& options, const std::vector<int64_t>& stops) {
  const at::Tensor undisturbed = outcome(task, options);
  for (const int64_t stop : stops) {
    Solo group;
    OverlapRun first(task, group, options);
    while (first.method().step() < stop) first.method().advance(stop - first.method().step());
    const State state = deep_copy(first.method().state());
    OverlapRun second(task, group, options);
    second.method().restore(state);
    second.finish(3);
    EXPECT_TRUE(at::equal(second.parameters(), undisturbed)) << "stopped after step " << stop;
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
    at::Tensor sum = at::zeros_like(looked.parameters());
    while (looked.method().advance(2)) {
      sum.zero_();
      for (const auto& replica : looked.method().replicas()) sum.add_(replica->parameters(), 0.25);
      EXPECT_LT(relative_difference(looked.parameters(), sum), 1e-6);
    }
    EXPECT_TRUE(at::equal(looked.parameters(), outcome(*task, options)));
  }
}

/// A group of two whose other rank has always the same vectors. Counts, and on request loses its peer in the
/// operation of that number, when it is waited for.
class Mirror final : public Communicator {
 public:
  explicit Mirror(int lost_in = -1) : lost_in_(lost_in) {}
  int rank() const override { return 0; }
  int size() const override { return 2; }
  std::unique_ptr<Pending> start_mean(const at::Tensor& vector, at::Tensor& mean) override {
    if (vector.numel() > 1) sizes.push_back(vector.numel());
    lost_ = lost_ || lost_in_-- == 0;
    if (lost_) return std::make_unique<Lost>();
    return inner_.start_mean(vector, mean);
  }
  std::unique_ptr<Pending> start_exchange(const std::vector<at::Tensor>& parts,
                                          std::vector<at::Tensor>& received) override {
    return inner_.start_exchange(parts, received);
  }
  std::unique_ptr<Pending> start_gather(const at::Tensor& part, std::vector<at::Tensor>& received) override {
    return inner_.start_gather(part, received);
  }
  void broadcast(at::Tensor& vector, int root) override { inner_.broadcast(vector, root); }

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
    const OverlapRunOptions options{.overlap = overlap, .workers = 2, .steps = 23, .nesterov = true};
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
      const at::Tensor before = run.replica(0).clone();
      EXPECT_THROW(run.method().advance(1), LostPeer);  // nothing has changed
      EXPECT_TRUE(at::equal(run.replica(0), before));
      EXPECT_EQ(run.method().rounds(), outcomes);
      run.averager().use_group(next);
      run.method().regrouped();
      EXPECT_TRUE(advance_all());
      EXPECT_TRUE(at::equal(run.parameters(), undisturbed.parameters())) << "lost in operation " << lost_in;
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
    EXPECT_TRUE(at::equal(newcomer.parameters(), member.parameters()));
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
    EXPECT_EQ(round.bytes_per_worker, 4 * run.parameters().numel());
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
