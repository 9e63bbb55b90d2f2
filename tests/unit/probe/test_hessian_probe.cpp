#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include <Eigen/Eigenvalues>
#include <cmath>
#include <limits>

#include "muster/libtorch/tensor_vector.h"
#include "muster/probe/gradient_noise.h"
#include "muster/probe/lanczos.h"
#include "muster/probe/look.h"
#include "muster/probe/trace.h"
#include "muster/probe/worker_spread.h"
#include "muster/task/small/clusters_task.h"

namespace muster {
namespace {

ClustersTask small_task() {
  ClustersOptions options;
  options.train = 256;
  options.dimension = 8;
  options.classes = 3;
  options.hidden = {10};
  options.training.seed = 4;
  return ClustersTask(options);
}

Eigen::MatrixXd matrix_of(const LinearMap& map, int64_t size, at::ScalarType type) {
  Eigen::MatrixXd matrix(size, size);
  for (int64_t i = 0; i < size; ++i) {
    at::Tensor unit = at::zeros({size}, type), column = at::empty({size}, type);
    unit[i] = 1;
    map(unit, column);
    for (int64_t j = 0; j < size; ++j) matrix(j, i) = column[j].item<double>();
  }
  return matrix;
}

// The whole Hessian, column by column.
TEST(Sharpness, IsThatOfTheFullHessian) {
  const ClustersTask task = small_task();
  ProbedLoss loss(task, 256, 64, 1);
  loss.set_parameters(loss.initial_parameters());
  const LinearMap hessian = loss.hessian();
  const Eigen::MatrixXd full = matrix_of(hessian, loss.size(), loss.type());
  EXPECT_LT((full - full.transpose()).norm(), 1e-5 * full.norm());
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(full);
  const double largest = solver.eigenvalues().maxCoeff();
  const Eigenvalue found = largest_eigenvalue(hessian, loss.size(), loss.type(), {});
  EXPECT_TRUE(found.converged);
  EXPECT_NEAR(found.value, largest, 1e-3 * largest);
  const TraceEstimate trace = estimate_trace(hessian, loss.size(), loss.type(), 200, 1);
  EXPECT_NEAR(trace.value, full.trace(), 3 * trace.standard_error);
  EXPECT_LT(trace.standard_error, 0.1 * std::abs(full.trace()));
  EXPECT_GT(trace.standard_error, 0);
}

TEST(Lanczos, FindsTheLargestNotTheLargestInMagnitude) {
  const at::Tensor diagonal = at::linspace(-50, 3, 200, at::kDouble);
  const LinearMap map = [&](const at::Tensor& vector, at::Tensor& out) { out.copy_(vector * diagonal); };
  const Eigenvalue found =
      largest_eigenvalue(map, 200, at::kDouble, {.most_products = 200, .tolerance = 1e-8});
  EXPECT_NEAR(found.value, 3, 1e-6);
  EXPECT_LE(found.products, 200);
  const Eigenvalue early = largest_eigenvalue(map, 200, at::kDouble, {.most_products = 5});
  EXPECT_FALSE(early.converged);
  EXPECT_EQ(early.products, 5);
  EXPECT_LE(early.value, 3) << "a Rayleigh quotient never exceeds it";
}

TEST(Trace, HasTheErrorThatItStates) {
  const int64_t size = 40;
  at::Tensor matrix = at::zeros({size, size}, at::kDouble);
  for (int64_t i = 0; i < size; ++i)
    for (int64_t j = 0; j < size; ++j) matrix[i][j] = std::cos(static_cast<double>(i * j)) + (i == j ? 5 : 0);
  const LinearMap map = [&](const at::Tensor& vector, at::Tensor& out) { out.copy_(matrix.mv(vector)); };
  const double exact = matrix.trace().item<double>();
  int inside = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const TraceEstimate trace = estimate_trace(map, size, at::kDouble, 30, seed);
    inside += std::abs(trace.value - exact) < 2 * trace.standard_error ? 1 : 0;
  }
  EXPECT_GE(inside, 88);
  EXPECT_EQ(
      estimate_trace([](const at::Tensor& v, at::Tensor& out) { out.copy_(v * 3); }, size, at::kDouble, 4, 1)
          .standard_error,
      0)
      << "of a multiple of one every vector gives the trace";
}

// At the same parameters the formula's parts can be counted by hand, from the gradients of single batches.
TEST(GradientNoise, IsTheSpreadOfTheBatches) {
  const ClustersTask task = small_task();
  ProbedLoss loss(task, 256, 32, 1);
  loss.set_parameters(loss.initial_parameters());
  const GradientNoise noise = measure_gradient_noise(loss);
  std::vector<at::Tensor> gradients;
  for (int64_t i = 0; i < loss.batches(); ++i) {
    loss.loss_and_gradient(i);
    gradients.push_back(loss.gradient().to(at::kDouble));
  }
  const at::Tensor all = at::stack(gradients);
  const double trace = 32 * all.var(0, true).sum().item<double>();
  EXPECT_NEAR(noise.trace, trace, 1e-9 * trace);
  EXPECT_NEAR(noise.gradient_squared, all.mean(0).square().sum().item<double>() - trace / 256, 1e-9 * trace);
  EXPECT_NEAR(noise.noise_scale, noise.trace / noise.gradient_squared, 1e-9 * noise.noise_scale);
  ProbedLoss single(task, 256, 1, 1);
  single.set_parameters(single.initial_parameters());
  const GradientNoise exact = measure_gradient_noise(single);
  EXPECT_NEAR(noise.trace, exact.trace, 4 * noise.trace_error)
      << "larger batches estimate the same covariance";
}

TEST(WorkerSpread, IsTheMeanOverAllPairs) {
  const at::Tensor start = at::zeros({3}, at::kDouble);
  const auto at_place = [&](double x, double y, double z) {
    at::Tensor place = at::empty({3}, at::kDouble);
    place[0] = x, place[1] = y, place[2] = z;
    return place;
  };
  const std::vector<at::Tensor> workers = {at_place(2, 0, 0), at_place(0, 1, 0), at_place(3, 3, 0)};
  const at::Tensor mean = at::stack(workers).mean(0);
  const WorkerSpread spread = spread_of(sums_over_workers(workers, start, mean));
  const double half = std::sqrt(0.5);
  EXPECT_NEAR(spread.cosine, (0 + half + half) / 3, 1e-12);
  EXPECT_NEAR(spread.divergence, (at::stack(workers) - mean).square().sum().item<double>() / 3, 1e-12);
  EXPECT_NEAR(spread.length, std::sqrt((4.0 + 1 + 18) / 3), 1e-12);
  EXPECT_TRUE(std::isnan(spread_of(sums_over_workers({start, workers[0]}, start, mean)).cosine));
}

TEST(Look, TellsTheDistanceFromTheStart) {
  const ProbeValues values = distance_from(at::full({4}, 2, at::kDouble), at::full({4}, 5, at::kDouble));
  EXPECT_DOUBLE_EQ(values.at("distance"), 6);
  EXPECT_DOUBLE_EQ(values.at("relative_distance"), 1.5);
}

}  // namespace
}  // namespace muster
