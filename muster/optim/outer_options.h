#pragma once

#include <cmath>

#include "muster/base/error.h"
#include "muster/base/format.h"

namespace muster::inline optim {

/// Options of SlowMo (muster/optim/slowmo.h). No torch here, so that the torch-free program can print every
/// key.
struct SlowMoOptions {
  double learning_rate = 1.0;  ///< alpha, > 0
  double momentum = 0.5;       ///< beta, in [0, 1)
  /// Throws OptionError.
  void validate() const;
};

/// Options of Nesterov (muster/optim/nesterov.h).
struct NesterovOptions {
  double learning_rate = 0.7;  ///< > 0
  double momentum = 0.9;       ///< in [0, 1)
  /// Throws OptionError.
  void validate() const;
};

/// The rules both share. Throws OptionError.
inline void validate_outer(double learning_rate, double momentum) {
  if (!(learning_rate > 0 && std::isfinite(learning_rate)))
    throw OptionError("outer.learning_rate", format_number(learning_rate), "give a number above 0");
  if (!(momentum >= 0 && momentum < 1))
    throw OptionError("outer.momentum", format_number(momentum), "give a number from 0 to below 1");
}

inline void SlowMoOptions::validate() const { validate_outer(learning_rate, momentum); }
inline void NesterovOptions::validate() const { validate_outer(learning_rate, momentum); }

}  // namespace muster::inline optim
