#pragma once

#include "muster/flat/vector.h"

namespace muster::inline optim {

/// Clipping by the global norm (Pascanu, Mikolov, Bengio, ICML 2013), as torch's clip_grad_norm_: the factor
/// min(1, max_norm / (norm + 1e-6)), to be handed to InnerOptimizer::step as gradient_scale. Writes the norm
/// where asked. A norm that is not finite gives what the formula says (0 or 1): look at the norm. REQUIRES:
/// max_norm > 0.
double clip_scale(const Vector& gradient, double max_norm, double* norm = nullptr);

}  // namespace muster::inline optim
