#pragma once

#include <cstdint>

namespace muster::inline report {

enum class ProbeKind {
  sharpness,  ///< largest eigenvalue and trace of the Hessian
  noise,      ///< covariance of the gradient, noise scale
  workers,    ///< divergence, and cosine of the workers' outer gradients, one step before a meeting
  distance,   ///< of the parameters from the start
};

/// What a run measures at intervals, and how precisely.
struct ProbeRequest {
  ProbeKind kind = ProbeKind::sharpness;
  int64_t every = 10;      ///< rounds between two measurements, >= 1
  int64_t samples = 1024;  ///< training samples, >= 2
  int64_t products = 60;   ///< sharpness: most Hessian-vector products of Lanczos' method, >= 1
  int64_t vectors = 10;    ///< sharpness: random vectors of the trace's estimate; 0: no trace
  bool operator==(const ProbeRequest&) const = default;
};

}  // namespace muster::inline report
