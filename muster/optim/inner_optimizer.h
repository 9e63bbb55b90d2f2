#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "muster/flat/layout.h"
#include "muster/flat/state.h"
#include "muster/flat/vector.h"

namespace muster::inline optim {

/// WHAT happens in a local step. One object serves one replica; its state vectors have the layout of the
/// parameters.
class InnerOptimizer {
 public:
  virtual ~InnerOptimizer() = default;
  /// parameters <- updated, from gradient_scale * gradient, at this learning rate. One pass over flat vectors
  /// (float or double, all of one type and size).
  virtual void step(Vector& parameters, const Vector& gradient, double learning_rate,
                    double gradient_scale = 1.0) = 0;
  /// The vectors that a meeting may average (momentum; first and second moments), always all of them
  /// together.
  virtual std::vector<Vector> moments() = 0;
  /// As at the first step: zero moments, bias correction begins anew.
  virtual void reset() = 0;
  virtual State state() const = 0;
  virtual void restore(const State& state) = 0;
};

}  // namespace muster::inline optim
