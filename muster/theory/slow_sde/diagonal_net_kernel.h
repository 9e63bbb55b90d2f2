#pragma once

#include <cstdint>

namespace muster::kernel {

/// Parameters of K workers for 64 replicas: u[64 (d k + j) + i] is u_j of worker k of replica i.
struct DiagonalNetState {
  double* u;
  double* v;
  double* scratch;  ///< 64 d numbers
  int64_t workers;
};

struct DiagonalNetData {
  const double* rows;    ///< samples x features
  const double* labels;  ///< samples
  int64_t samples;
  int64_t features;
  double noise;
};

/// Local steps of SGD on (x_i (u^2 - v^2) - y_i - e)^2 / 2, sample i drawn uniformly and e = +-noise for
/// every (worker, step): r = x_i (u^2 - v^2) - y_i - e, u -= 2 eta r x_i u, v += 2 eta r x_i v, both at once.
void diagonal_net_steps(const DiagonalNetState& state, const DiagonalNetData& data, int64_t first_step,
                        const double* rates, int64_t count, uint64_t key);

/// Replaces every worker's parameters by the mean over the workers.
void diagonal_net_meeting(const DiagonalNetState& state, int64_t features);

}  // namespace muster::kernel
