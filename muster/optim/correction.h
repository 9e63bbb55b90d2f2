#pragma once

#include "muster/flat/vector.h"

namespace muster::inline optim {

/// What is done to a contribution before the outer step, because the parameters have moved on since its
/// worker started. One interface for all such rules.
class Correction {
 public:
  virtual ~Correction() = default;
  /// Whether `start` must be given: then the server keeps the parameters that every open round began with.
  virtual bool wants_start() const { return false; }
  /// pseudo_gradient <- corrected. `parameters`: the server's now; `start`: those the worker started from
  /// (undefined where not wanted). All flat vectors of one size and type; only the first may be written to.
  virtual void apply(Vector& pseudo_gradient, const Vector& parameters, const Vector& start) = 0;
};

}  // namespace muster::inline optim
