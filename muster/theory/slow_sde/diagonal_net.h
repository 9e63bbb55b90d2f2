#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "muster/theory/slow_sde/replica_simulation.h"
#include "muster/theory/slow_sde/slow_sde_plan.h"

namespace muster::inline theory {

/// A diagonal linear network: w = u^2 - v^2, L = mean over n samples of (x_i w - y_i)^2 / 2, one sample per
/// step with label noise e = +-noise. Gradient flow conserves Q_j = u_j v_j; label noise makes Q_j decrease,
/// and with it tr Hess = 4 sum_j c_j (u_j^2 + v_j^2), c_j = mean of x_ij^2, a weighted l1 norm of w where Q
/// is small.
struct DiagonalNetOptions {
  int64_t samples = 0, features = 0;  ///< n <= d
  std::vector<double> rows;           ///< X, n x d
  std::vector<double> labels;         ///< y
  std::vector<double> start;          ///< Q_j(0) > 0
  double noise = 0.4;
  /// Throws OptionError.
  void validate(double largest_rate) const;
};

/// X of normals with variance 1/d and labels y = X w, w standard normals in every second coordinate and 0
/// else.
DiagonalNetOptions random_diagonal_net(int64_t samples, int64_t features, uint64_t seed);

/// Reads a network from a file's text: a line for each sample, features and label separated by commas or
/// blanks; blank lines are skipped. Throws DataError with line and column.
DiagonalNetOptions read_diagonal_net(const std::string& text, const std::string& path);

/// The limit of gradient flow from u = v = sqrt(Q): u_j^2 and v_j^2 are Q_j e^(+-2 (X^T nu)_j) with X w = y.
/// A run starts at the limit for Q(0) and stays near that for its current Q, since the part of ln(u/v)
/// outside the row space of X is conserved too. Throws DataError when the labels cannot be met (rows of X
/// that depend on each other).
struct DiagonalNetPoint {
  std::vector<double> u, v;
  double trace = 0;      ///< tr Hess
  double curvature = 0;  ///< largest eigenvalue of Hess
};
DiagonalNetPoint diagonal_net_point(const DiagonalNetOptions& options, const std::vector<double>& q);

/// The laws of ln(Q_j(t) / Q_j(0)), indexed [requested step][feature]:
///  sgd          -4 delta^2 c_j t / K exactly, t = sum of eta^2
///  continuous   dQ_j/dt = (delta^2/K) {K A_uv + (K - 1) [e^(-2 eta H A)]_uv / (2 eta H)}, A = Hess, A_uv =
///               -4 c_j Q_j, eta H the sum of the round's learning rates; at H = 1 the SGD equation
///  finite_step  round by round the moments of the workers' deviations from the point in the normal space,
///               J^T M J for a worker and J^T N J between two workers, J = rows (2 x u, -2 x v), G = J J^T:
///               M <- M - eta (G M + M G) / n + eta^2 diag(delta^2 + (G M G)_ii) / n,
///               N <- (1 - eta G / n) N (1 - eta G / n),
///               Q_j <- Q_j (1 - 4 eta^2 mean_i x_ij^2 (delta^2 + (G M G)_ii)) each step, and at a meeting
///               Q_j <- Q_j (1 + 4 (1 - 1/K) x_j^T (M - N) x_j), M, N <- M / K + (1 - 1/K) N
struct DiagonalNetLaws {
  std::vector<std::vector<double>> sgd, continuous, finite_step;
  std::vector<double> trace;  ///< tr Hess at the points of finite_step
};

/// `at`: rising numbers of steps done, each 0 or the end of a round.
DiagonalNetLaws diagonal_net_laws(const DiagonalNetOptions& options, const SlowSdePlan& plan,
                                  const std::vector<int64_t>& at);

/// Measures ln(Q_j / Q_j(0)) of the mean of the workers for each j, followed by tr Hess there.
ReplicaOutcome simulate_diagonal_net(const DiagonalNetOptions& options, const SlowSdePlan& plan,
                                     const ReplicaOptions& replicas);

}  // namespace muster::inline theory
