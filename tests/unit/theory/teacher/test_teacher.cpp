#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "muster/base/error.h"
#include "muster/schedule/adaptive_period.h"
#include "muster/schedule/constant_period.h"
#include "muster/schedule/every_step.h"
#include "muster/theory/teacher/teacher_kernel.h"
#include "muster/theory/teacher/teacher_problem.h"
#include "muster/theory/teacher/teacher_run.h"

namespace muster {
namespace {

LearningRate falling_rate(int64_t steps, double peak = 0.2) {
  return {{.shape = LearningRateShape::step, .peak = peak, .milestones = {steps / 2, 3 * steps / 4}}, steps};
}

TeacherMethod constant(int64_t period, int64_t steps) {
  return {
      .make_schedule = [period] { return std::make_unique<ConstantPeriod>(ConstantPeriodOptions{period}); },
      .learning_rate = falling_rate(steps)};
}

TeacherMethod every_step(int64_t steps, int bits = 32) {
  return {.make_schedule = [] { return std::make_unique<EveryStep>(EveryStepOptions{}); },
          .learning_rate = falling_rate(steps),
          .gradient_bits = bits};
}

TeacherMethod adaptive(int64_t base, int64_t steps) {
  return {.make_schedule =
              [base] { return std::make_unique<AdaptivePeriod>(AdaptivePeriodOptions{.base_period = base}); },
          .learning_rate = falling_rate(steps)};
}

/// Loss of the student on samples, by its outputs.
double loss(const std::vector<double>& student, const TeacherSamples& samples) {
  std::vector<double> outputs(samples.labels.size());
  kernel::student_outputs(student.data(), samples.inputs.data(), static_cast<int64_t>(outputs.size()),
                          outputs.data());
  double sum = 0;
  for (size_t i = 0; i < outputs.size(); ++i)
    sum += (outputs[i] - samples.labels[i]) * (outputs[i] - samples.labels[i]) / 2;
  return sum / static_cast<double>(outputs.size());
}

TEST(Teacher, GradientIsThatOfTheLoss) {
  const TeacherOptions options{.workers = 1, .batch = 8, .steps = 10, .test_points = 10};
  const TeacherProblem problem(options, 3);
  TeacherSamples samples;
  problem.fill(2, 1, samples);
  std::vector<double> student = problem.start(), gradient(student.size());
  student[165] = 0.3;  // a bias
  student[192] = -0.2;
  kernel::student_gradient(student.data(), samples.inputs.data(), samples.labels.data(), 8, gradient.data());
  constexpr double h = 1e-5;
  for (const size_t place : {0UL, 17UL, 159UL, 160UL, 165UL, 176UL, 191UL, 192UL}) {
    std::vector<double> up = student, down = student;
    up[place] += h;
    down[place] -= h;
    EXPECT_NEAR(gradient[place], (loss(up, samples) - loss(down, samples)) / (2 * h), 1e-9) << place;
  }
  for (size_t place = 193; place < gradient.size(); ++place) EXPECT_EQ(gradient[place], 0);
}

TEST(Teacher, OutputIsTanhNetwork) {
  std::vector<double> student(kernel::student_size);
  std::vector<double> x(10);
  for (size_t i = 0; i < 10; ++i) x[i] = 0.3 * static_cast<double>(i) - 1;
  for (size_t i = 0; i < 193; ++i) student[i] = std::sin(static_cast<double>(i));
  double expected = student[192];
  for (size_t h = 0; h < 16; ++h) {
    double sum = student[160 + h];
    for (size_t i = 0; i < 10; ++i) sum += x[i] * student[16 * i + h];
    expected += student[176 + h] * std::tanh(sum);
  }
  double output = 0;
  kernel::student_outputs(student.data(), x.data(), 1, &output);
  EXPECT_NEAR(output, expected, 1e-13);
}

TEST(Teacher, SamplesOfAStepDoNotDependOnTheStretch) {
  const TeacherOptions options{.workers = 3, .batch = 2, .steps = 100, .test_points = 10};
  const TeacherProblem problem(options, 1);
  TeacherSamples all, one;
  problem.fill(0, 9, all);
  problem.fill(7, 1, one);
  EXPECT_EQ(std::vector<double>(all.inputs.begin() + 7 * 60, all.inputs.begin() + 8 * 60), one.inputs);
  EXPECT_EQ(std::vector<double>(all.labels.begin() + 7 * 6, all.labels.begin() + 8 * 6), one.labels);
  TeacherSamples other;
  TeacherProblem(options, 2).fill(7, 1, other);
  EXPECT_NE(other.inputs, one.inputs);
}

TEST(Teacher, QuantisedGradientsAreUnbiasedAndOnTheGrid) {
  std::vector<double> gradient(kernel::student_size), mean(kernel::student_size);
  for (size_t i = 0; i < 193; ++i) gradient[i] = std::sin(static_cast<double>(i) * 1.3);
  constexpr int rounds = 4000;
  for (uint64_t round = 0; round < rounds; ++round) {
    std::vector<double> coded = gradient;
    kernel::quantise_student(coded.data(), 4, 512, 77, round * kernel::student_size);
    double largest = 0;
    for (const double value : gradient) largest = std::max(largest, std::fabs(value));
    for (size_t i = 0; i < 193; ++i) {
      const double level = coded[i] / largest * 7;
      EXPECT_NEAR(level, std::round(level), 1e-12);
      mean[i] += coded[i] / rounds;
    }
  }
  for (size_t i = 0; i < 193; ++i) EXPECT_NEAR(mean[i], gradient[i], 5 * 0.5 / 7 / std::sqrt(rounds));
}

TEST(Teacher, PeriodOneIsEveryStepAndMeetingsAreCounted) {
  const TeacherOptions options{.workers = 4, .batch = 4, .steps = 400, .test_points = 100};
  const auto outcomes = run_teacher(options, {constant(1, 400), every_step(400), constant(8, 400)}, 5, 2, 1);
  for (size_t seed = 0; seed < 2; ++seed) {
    EXPECT_NEAR(outcomes[0][seed].excess_loss / outcomes[1][seed].excess_loss, 1, 1e-9);
    EXPECT_NE(outcomes[0][seed].excess_loss, outcomes[2][seed].excess_loss);
  }
  EXPECT_EQ(outcomes[0][0].rounds, 400);
  EXPECT_EQ(outcomes[1][0].rounds, 400);
  EXPECT_EQ(outcomes[2][0].rounds, 50);
  EXPECT_EQ(outcomes[2][0].bytes_per_worker, 50 * 193 * 4);
  EXPECT_EQ(outcomes[1][0].spread, 0);
  EXPECT_GT(outcomes[2][0].spread, outcomes[0][0].spread);
  EXPECT_LT(outcomes[2][0].excess_loss, 0.2 * outcomes[2][0].curve.front());
}

TEST(Teacher, QsgdSendsAQuarterAndLearnsAsWell) {
  const TeacherOptions options{.workers = 16, .batch = 4, .steps = 400, .test_points = 200};
  const auto outcomes = run_teacher(options, {every_step(400), every_step(400, 8)}, 1, 4, 1);
  EXPECT_NEAR(outcomes[1][0].bytes_per_worker / outcomes[0][0].bytes_per_worker, 0.271, 0.001);
  for (size_t seed = 0; seed < 4; ++seed) {
    EXPECT_NE(outcomes[0][seed].excess_loss, outcomes[1][seed].excess_loss);
    EXPECT_NEAR(outcomes[1][seed].excess_loss / outcomes[0][seed].excess_loss, 1, 0.05);
  }
}

TEST(Teacher, AdaptivePeriodIsDrivenByTheSpread) {
  const TeacherOptions options{.test_points = 100};
  const auto outcomes = run_teacher(options, {adaptive(4, 4000)}, 1, 2, 1);
  for (const TeacherOutcome& one : outcomes[0]) {
    EXPECT_NEAR(static_cast<double>(one.rounds), 430, 70);  // 430.8 with a deviation of 19 over 768 seeds
    EXPECT_EQ(one.periods[0], 4);
    EXPECT_EQ(one.periods[5], 4);
    EXPECT_GT(one.periods[30], 30);  // after the first drop of the rate
    EXPECT_GT(one.spread_per_rate[0], one.spread_per_rate[3]);
  }
}

TEST(Teacher, OutcomeDoesNotDependOnThreadsOrOtherMethods) {
  const TeacherOptions options{.workers = 4, .batch = 2, .steps = 200, .test_points = 50};
  const auto one = run_teacher(options, {constant(4, 200)}, 1, 3, 1);
  const auto two = run_teacher(options, {every_step(200), constant(4, 200)}, 1, 3, 2);
  for (size_t seed = 0; seed < 3; ++seed) EXPECT_EQ(one[0][seed].curve, two[1][seed].curve);
  const auto later = run_teacher(options, {constant(4, 200)}, 3, 1, 1);
  EXPECT_EQ(later[0][0].curve, one[0][2].curve);
}

TEST(Teacher, RunsAwayWithAReason) {
  const TeacherOptions options{.workers = 2, .batch = 2, .steps = 200, .test_points = 50};
  TeacherMethod method = constant(4, 200);
  method.learning_rate = falling_rate(200, 900);
  EXPECT_THROW(run_teacher(options, {method}, 1, 1, 1), NonFiniteError);
  EXPECT_THROW((TeacherOptions{.workers = 0}).validate(), OptionError);
}

}  // namespace
}  // namespace muster
