#pragma once

#include <cmath>
#include <cstdint>
#include <string>

#include "muster/base/error.h"
#include "muster/base/format.h"

namespace muster::inline optim {

// Options of the outer steps of an asynchronous server. No torch here, so that the torch-free program can
// print every key.

namespace async_outer {

inline void check_learning_rate(double learning_rate) {
  if (!(learning_rate > 0 && std::isfinite(learning_rate)))
    throw OptionError("async.learning_rate", format_number(learning_rate), "give a number above 0");
}

inline void check_momentum(double momentum) {
  if (!(momentum >= 0 && momentum < 1))
    throw OptionError("async.momentum", format_number(momentum), "give a number from 0 to below 1");
}

inline void check_delay(int64_t delay) {
  if (delay < 1) throw OptionError("async.delay", std::to_string(delay), "give at least 1");
}

}  // namespace async_outer

/// Options of HeavyBall (muster/optim/heavy_ball.h) and EmaNesterov (muster/optim/ema_nesterov.h).
struct OuterMomentumOptions {
  double learning_rate = 0.7;  ///< > 0
  double momentum = 0.9;       ///< in [0, 1)
  /// Throws OptionError.
  void validate() const {
    async_outer::check_learning_rate(learning_rate);
    async_outer::check_momentum(momentum);
  }
};

/// Options of DelayedNesterov (muster/optim/delayed_nesterov.h).
struct DelayedNesterovOptions {
  double learning_rate = 0.7;  ///< epsilon, > 0
  double momentum = 0.9;       ///< beta, in [0, 1)
  int64_t delay = 4;           ///< N >= 1: contributions from one step of the momentum to the next
  double spread = 0;           ///< c in [0, 1/N]: share of the momentum that each step in between takes
  /// Throws OptionError.
  void validate() const {
    async_outer::check_learning_rate(learning_rate);
    async_outer::check_momentum(momentum);
    async_outer::check_delay(delay);
    if (!(spread >= 0 && spread * static_cast<double>(delay) <= 1 + 1e-12))
      throw OptionError(
          "async.momentum_spread", format_number(spread),
          "give a number from 0 to 1/async.delay = " + format_number(1 / static_cast<double>(delay)));
  }
};

/// Options of OuterAdam (muster/optim/outer_adam.h).
struct OuterAdamOptions {
  double learning_rate = 0.001;  ///< > 0
  double beta1 = 0.9;            ///< async.momentum, in [0, 1)
  double beta2 = 0.99;           ///< async.beta2, in [0, 1)
  double epsilon = 1e-8;         ///< async.epsilon, > 0
  /// Throws OptionError.
  void validate() const {
    async_outer::check_learning_rate(learning_rate);
    async_outer::check_momentum(beta1);
    if (!(beta2 >= 0 && beta2 < 1))
      throw OptionError("async.beta2", format_number(beta2), "give a number from 0 to below 1");
    if (!(epsilon > 0 && std::isfinite(epsilon)))
      throw OptionError("async.epsilon", format_number(epsilon), "give a number above 0");
  }
};

}  // namespace muster::inline optim
