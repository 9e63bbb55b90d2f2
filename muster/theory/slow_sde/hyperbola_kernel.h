#pragma once

#include <cstdint>

namespace muster::kernel {

/// Parameters of K workers for 64 replicas: u[64 k + i] is worker k of replica i.
struct HyperbolaState {
  double* u;
  double* v;
  int64_t workers;
};

/// Local steps of SGD on (u v - 1 - e)^2 / 2 with label noise e = +-noise, u and v updated from the same
/// state: r = u v - 1 - e, u -= eta r v, v -= eta r u. Signs of (worker, step) come from one random word.
void hyperbola_steps(const HyperbolaState& state, int64_t first_step, const double* rates, int64_t count,
                     double noise, uint64_t key);

/// Replaces every worker's parameters by the mean over the workers.
void hyperbola_meeting(const HyperbolaState& state);

}  // namespace muster::kernel
