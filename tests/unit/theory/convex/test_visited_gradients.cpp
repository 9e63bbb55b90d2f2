#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "muster/theory/convex/convex_bounds.h"
#include "muster/theory/convex/convex_optimum.h"
#include "muster/theory/convex/convex_run.h"
#include "muster/theory/convex/libsvm_file.h"
#include "muster/theory/convex/visited_gradients.h"
#include "tests/unit/theory/convex/small_rows.h"

namespace muster {
namespace {

// Gradients of single samples, entry by entry.
std::vector<std::vector<double>> sample_gradients(const SparseRows& rows, Loss loss, double lambda,
                                                  const std::vector<double>& x) {
  std::vector<std::vector<double>> all;
  for (int64_t i = 0; i < rows.samples(); ++i) {
    const auto at = static_cast<size_t>(i);
    const double margin = test::plain_product(rows, i, x), label = rows.labels[at];
    const double slope = loss == Loss::logistic ? -label / (1 + std::exp(label * margin)) : margin - label;
    std::vector<double> gradient(x.size());
    for (size_t j = 0; j < x.size(); ++j) gradient[j] = lambda * x[j];
    for (auto e = static_cast<size_t>(rows.starts[at]); e < static_cast<size_t>(rows.starts[at + 1]); ++e)
      gradient[static_cast<size_t>(rows.columns[e])] += slope * rows.values[e];
    all.push_back(std::move(gradient));
  }
  return all;
}

TEST(VisitedGradients, AreTheMomentsOfAMiniBatch) {
  const SparseRows rows = test::small_rows(20, 5, false);
  for (const Loss loss : {Loss::logistic, Loss::least_squares}) {
    const ConvexProblem problem(rows, {loss, 0.05});
    const std::vector<double> x = {0.4, -1, 0.2, 0, 2};
    const auto gradients = sample_gradients(rows, loss, 0.05, x);
    const std::vector<double> whole = problem.gradient(x);
    double squares = 0, distances = 0;  // over all pairs: batches of two, drawn with replacement
    for (const auto& one : gradients)
      for (const auto& other : gradients)
        for (size_t j = 0; j < x.size(); ++j) {
          const double g = (one[j] + other[j]) / 2;
          squares += g * g;
          distances += (g - whole[j]) * (g - whole[j]);
        }
    const auto pairs = static_cast<double>(gradients.size() * gradients.size());
    VisitedGradients visited(problem, 2);
    visited.visit(x);
    EXPECT_NEAR(visited.bounds().gradient, squares / pairs, 1e-12);
    EXPECT_NEAR(visited.bounds().noise, distances / pairs, 1e-12);
    visited.visit(find_optimum(problem).x);
    EXPECT_GE(visited.bounds().gradient, squares / pairs - 1e-12) << "the largest stays";
    EXPECT_EQ(visited.bounds().iterates, 2);
  }
}

// The assumption holds where the run was, and the bound that rests on it is one.
TEST(VisitedGradients, MakeTheBoundAnUpperBound) {
  struct Shape {
    Loss loss;
    double regularisation;
    bool unit;
  };
  for (const Shape& shape : {Shape{Loss::logistic, 0.01, true}, Shape{Loss::logistic, 0.1, false},
                             Shape{Loss::least_squares, 0.02, false}}) {
    const ConvexProblem problem(test::small_rows(200, 8, shape.unit), {shape.loss, shape.regularisation});
    const ConvexOptimum optimum = find_optimum(problem);
    const ConvexConstants constants = convex_constants(problem, optimum);
    const double at_start = problem.gradient_moments(std::vector<double>(8)).mean;
    for (const uint64_t seed : {1, 2, 3})
      for (const auto& [workers, batch, period] : {std::tuple{1, 1, 1}, {4, 1, 16}, {8, 4, 100}}) {
        StichSetting setting{.smoothness = constants.smoothness,
                             .strong_convexity = constants.strong_convexity,
                             .workers = workers,
                             .period = period};
        const ConvexStepSize step_size{StepSizeRule::theorem, 0, 200, constants.strong_convexity,
                                       stich_shift(setting)};
        ConvexRun run(problem, optimum.value, {workers, batch, seed, step_size}, 2000, int64_t{period});
        while (run.advance()) continue;
        setting.start_distance = 0;
        for (const double x : optimum.x) setting.start_distance += x * x;
        setting.noise = run.gradient_bounds().noise;
        setting.gradient = run.gradient_bounds().gradient;
        if (batch == 1) {
          EXPECT_GE(setting.gradient, at_start);
        }
        for (const ConvexCurvePoint& point : run.curve())
          if (point.step > 0) {
            EXPECT_GE(stich_bound(setting, point.step).total(), point.gap_weighted) << point.step;
          }
      }
  }
}

TEST(VisitedGradients, OfW8aAtTheStart) {
  const char* folder = std::getenv("MUSTER_TEST_DATA");
  const std::string path = std::string(folder == nullptr ? "" : folder) + "/w8a";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "MUSTER_TEST_DATA holds no w8a";
  const ConvexProblem problem(read_libsvm(path), {});
  VisitedGradients visited(problem, 1);
  visited.visit(std::vector<double>(300));
  EXPECT_NEAR(visited.bounds().gradient, 2.912551, 1e-6);
  EXPECT_NEAR(visited.bounds().noise, 2.912551 - 0.31644711, 1e-6);
}

}  // namespace
}  // namespace muster
