// Meetings of workers that make plain steps on a quadratic: what the formulas say, whoever drives them.
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <vector>

#include "muster/base/error.h"
#include "muster/comm/solo.h"
#include "muster/optim/average.h"
#include "muster/optim/nesterov.h"
#include "muster/optim/sgd.h"
#include "muster/rounds/staggered_meetings.h"
#include "muster/rounds/whole_meetings.h"
#include "muster/schedule/learning_rate.h"
#include "tests/support/vectors.h"
#include "tests/unit/rounds/overlap_formulas.h"

namespace muster {
namespace {

QuadraticRun run_of(const OverlapOptions& overlap, bool nesterov, int64_t steps = 40) {
  QuadraticRun run{.overlap = overlap, .steps = steps, .nesterov = nesterov};
  run.samples = [](int64_t step, int64_t worker) {
    return std::vector<int64_t>{(5 * step + worker) % 64, (3 * step + 7 * worker) % 64};
  };
  run.learning_rate = [](int64_t step) {
    const int64_t tens = step / 10;
    return 0.05 / static_cast<double>(1 + tens);
  };
  return run;
}

/// Drives meetings as a loop of one's own would.
class Loop {
 public:
  explicit Loop(const QuadraticRun& run, const MeetingOptions& options = {})
      : run_(run), averager_(group_, pool_), rate_({.peak = 0.05}, run.steps) {
    if (run_.nesterov)
      outer_ = std::make_unique<Nesterov>(NesterovOptions{}, Quadratic::size, ElementType::float64);
    std::vector<MeetingWorker> workers;
    for (int64_t k = 0; k < run_.workers; ++k) {
      x_.push_back(flat_vector(Quadratic::size, ElementType::float64));
      inner_.push_back(std::make_unique<Sgd>(SgdOptions{.momentum = 0.9}, Quadratic::layout(), x_[0].type()));
      workers.push_back({x_.back(), inner_.back().get()});
    }
    const MeetingParts parts{workers, anchor_, averager_, *outer_, rate_};
    if (run_.overlap.plain())
      meetings_ = std::make_unique<WholeMeetings>(parts, options);
    else
      meetings_ = std::make_unique<StaggeredMeetings>(parts, options, run_.overlap, Quadratic::layout());
  }

  void advance(int64_t to) {
    for (; step_ < to; ++step_) {
      if (step_ % run_.period == 0) meetings_->begin_round(span());
      if (meetings_->steps_until_due(step_) == 0) meetings_->proceed(step_);
      for (int64_t k = 0; k < run_.workers; ++k) step_worker(k);
      if (meetings_->steps_until_due(step_ + 1) == 0) meetings_->proceed(step_ + 1);
      if (step_ + 1 != span().end()) continue;
      const std::vector<double> losses(static_cast<size_t>(run_.workers), 2.0);
      bytes_ += meetings_->end_round(losses, 0).bytes_per_worker;
    }
  }
  /// As a resumed run does: everything of `other` at its step.
  void take_over(const Loop& other) {
    step_ = other.step_;
    anchor_.copy_from(other.anchor_);
    outer_->restore(other.outer_->state());
    meetings_->restore(other.meetings_->state(), other.last_span());
    for (size_t k = 0; k < x_.size(); ++k) {
      x_[k].copy_from(other.x_[k]);
      meetings_->restore_worker(k, other.meetings_->worker_state(k));
    }
  }
  const std::vector<Vector>& x() const { return x_; }
  std::vector<std::unique_ptr<InnerOptimizer>>& inner() { return inner_; }
  const Meetings& meetings() const { return *meetings_; }
  int64_t bytes() const { return bytes_; }

 private:
  RoundSpan span_at(int64_t step) const {
    const int64_t first = step / run_.period * run_.period;
    const int64_t steps = std::min(run_.period, run_.steps - first);
    return {first, steps, first + steps == run_.steps};
  }
  RoundSpan span() const { return span_at(step_); }
  RoundSpan last_span() const { return span_at(step_ - 1); }
  void step_worker(int64_t worker) {
    auto* const x = x_[static_cast<size_t>(worker)].data<double>();
    const auto samples = run_.samples(step_, worker);
    for (int64_t i = 0; i < Quadratic::size; ++i)
      x[i] -= run_.learning_rate(step_) * Quadratic::curvature(i) * (x[i] - Quadratic::target(samples, i));
  }

  QuadraticRun run_;
  Solo group_;
  ThreadPool pool_{1};
  Averager averager_;
  LearningRate rate_;
  std::unique_ptr<OuterOptimizer> outer_ = std::make_unique<PlainAverage>();
  std::vector<std::unique_ptr<InnerOptimizer>> inner_;
  std::vector<Vector> x_;
  Vector anchor_ = flat_vector(Quadratic::size, ElementType::float64);
  std::unique_ptr<Meetings> meetings_;
  int64_t step_ = 0, bytes_ = 0;
};

OverlapOptions delayed(std::optional<int64_t> delay, Merge merge = Merge::corrected, double blend = 0.5,
                       int64_t fragments = 1) {
  return {.delayed = true, .delay = delay, .merge = merge, .blend = blend, .fragments = fragments};
}

/// The plain form, and those that differ in what travels when.
std::vector<OverlapOptions> forms() {
  return {{},
          delayed(std::nullopt),
          delayed(0),
          delayed(2),
          delayed(std::nullopt, Merge::blend),
          delayed(3, Merge::blend, 0.3, 3),
          delayed(std::nullopt, Merge::corrected, 0.5, 3),
          {.fragments = 3}};
}

TEST(Meetings, OnAQuadraticTheyDoWhatTheirFormulasSay) {
  for (const bool nesterov : {false, true})
    for (const OverlapOptions& overlap : forms()) {
      const QuadraticRun run = run_of(overlap, nesterov);
      Loop loop(run);
      loop.advance(run.steps);
      const std::vector<double> expected = by_formulas(run);
      for (const Vector& x : loop.x()) {
        EXPECT_TRUE(same_bits(x, loop.x()[0])) << "all end equal";
        for (size_t i = 0; i < expected.size(); ++i)
          EXPECT_NEAR(x.data<double>()[i], expected[i], 1e-12) << "element " << i;
      }
      EXPECT_TRUE(loop.meetings().replicas_agree());
    }
}

TEST(Meetings, HandInTheVectorOnceInEveryRound) {
  for (const OverlapOptions& overlap : forms()) {
    Loop loop(run_of(overlap, false, 24));
    loop.advance(24);
    EXPECT_EQ(loop.bytes(), 4 * 8 * Quadratic::size);
  }
}

TEST(Meetings, GoOnFromAnyStepBitForBit) {
  for (const OverlapOptions& overlap : forms()) {
    const QuadraticRun run = run_of(overlap, true, 23);
    Loop undisturbed(run);
    undisturbed.advance(23);
    for (int64_t stop = 1; stop < 23; ++stop) {
      Loop first(run), second(run);
      first.advance(stop);
      second.take_over(first);
      second.advance(23);
      EXPECT_TRUE(same_bits(second.x()[0], undisturbed.x()[0])) << "stopped after step " << stop;
    }
  }
}

TEST(Meetings, TreatMomentsAsTheyAreTold) {
  for (const MomentsAtMeeting at_meeting :
       {MomentsAtMeeting::keep, MomentsAtMeeting::average, MomentsAtMeeting::reset}) {
    Loop loop(run_of({}, false, 12), {.at_meeting = at_meeting});
    std::vector<Vector> moments;
    for (size_t k = 0; k < loop.inner().size(); ++k) {
      Vector nowhere = flat_vector(Quadratic::size, ElementType::float64);
      loop.inner()[k]->step(nowhere, test::noise(Quadratic::size, ElementType::float64, k), 0.1);
      moments.push_back(loop.inner()[k]->moments()[0].copy());
    }
    loop.advance(6);
    for (int64_t i = 0; i < Quadratic::size; ++i) {
      double mean = 0;
      for (const Vector& moment : moments) mean += test::value_at(moment, i) / 4;
      for (size_t k = 0; k < moments.size(); ++k) {
        const double own = test::value_at(moments[k], i);
        const double expected = at_meeting == MomentsAtMeeting::keep      ? own
                                : at_meeting == MomentsAtMeeting::average ? mean
                                                                          : 0;
        EXPECT_NEAR(test::value_at(loop.inner()[k]->moments()[0], i), expected, 1e-15);
      }
    }
  }
}

TEST(Meetings, WhatCannotOverlapIsRefused) {
  const auto make = [](const OverlapOptions& overlap, const MeetingOptions& options = {}) {
    Loop loop(run_of(overlap, false), options);
  };
  for (const OverlapOptions& overlap : {delayed(3), OverlapOptions{.fragments = 2}}) {
    EXPECT_NO_THROW(make(overlap));
    EXPECT_THROW(make(overlap, {.at_meeting = MomentsAtMeeting::average}), OptionError);
    EXPECT_THROW(make(overlap, {.at_meeting = MomentsAtMeeting::reset}), OptionError);
    EXPECT_THROW(make(overlap, {.measure_divergence = true}), OptionError);
  }
  EXPECT_THROW(make(delayed(-1)), OptionError);
  EXPECT_THROW(make(delayed(1, Merge::blend, 1.5)), OptionError);
  EXPECT_THROW(make(delayed(1, Merge::blend, -0.1)), OptionError);
  EXPECT_THROW(make({.fragments = 0}), OptionError);
  EXPECT_THROW(make({.fragments = 4}), OptionError) << "there are three tensors";
}

}  // namespace
}  // namespace muster
