#pragma once

#include <cmath>

#include "muster/base/error.h"
#include "muster/base/format.h"

namespace muster::inline optim {

/// Options of Sgd (muster/optim/sgd.h). No torch here, so that the torch-free program can print every key.
struct SgdOptions {
  double momentum = 0.9;            ///< in [0, 1)
  double dampening = 0;             ///< in [0, 1]
  double weight_decay = 0;          ///< >= 0, added to the gradient (L2)
  bool nesterov = false;            ///< needs momentum > 0 and dampening 0
  bool decay_norm_and_bias = true;  ///< false: pieces marked norm_or_bias are not decayed
  /// Throws OptionError.
  void validate() const;
};

/// Options of AdamW (muster/optim/adamw.h).
struct AdamWOptions {
  double beta1 = 0.9;               ///< in [0, 1)
  double beta2 = 0.999;             ///< in [0, 1)
  double epsilon = 1e-8;            ///< > 0
  double weight_decay = 0;          ///< >= 0, decoupled: parameters shrink by learning rate times this
  bool decay_norm_and_bias = true;  ///< false: pieces marked norm_or_bias are not decayed
  /// Throws OptionError.
  void validate() const;
};

inline void SgdOptions::validate() const {
  if (!(momentum >= 0 && momentum < 1))
    throw OptionError("inner.momentum", format_number(momentum), "give a number from 0 to below 1");
  if (!(dampening >= 0 && dampening <= 1))
    throw OptionError("inner.dampening", format_number(dampening), "give a number from 0 to 1");
  if (!(weight_decay >= 0 && std::isfinite(weight_decay)))
    throw OptionError("inner.weight_decay", format_number(weight_decay), "give 0 or a number above it");
  if (nesterov && (momentum == 0 || dampening != 0))
    throw OptionError("inner.nesterov", "true", "needs inner.momentum above 0 and inner.dampening = 0");
}

inline void AdamWOptions::validate() const {
  if (!(beta1 >= 0 && beta1 < 1))
    throw OptionError("inner.beta1", format_number(beta1), "give a number from 0 to below 1");
  if (!(beta2 >= 0 && beta2 < 1))
    throw OptionError("inner.beta2", format_number(beta2), "give a number from 0 to below 1");
  if (!(epsilon > 0 && std::isfinite(epsilon)))
    throw OptionError("inner.epsilon", format_number(epsilon), "give a number above 0");
  if (!(weight_decay >= 0 && std::isfinite(weight_decay)))
    throw OptionError("inner.weight_decay", format_number(weight_decay), "give 0 or a number above it");
}

}  // namespace muster::inline optim
