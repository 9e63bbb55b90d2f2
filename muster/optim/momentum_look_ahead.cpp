#include "muster/optim/momentum_look_ahead.h"

#include "muster/flat/vector.h"
#include "muster/optim/async_outer_kernel.h"

namespace muster::inline optim {

void look_ahead_along(Vector& parameters, const Vector& momentum, double rate) {
  require_flat(parameters, momentum.size(), momentum.type(), "parameters of a look-ahead");
  if (momentum.type() == ElementType::float64)
    kernel::descend(parameters.data<double>(), momentum.data<double>(), momentum.size(), rate);
  else
    kernel::descend(parameters.data<float>(), momentum.data<float>(), momentum.size(),
                    static_cast<float>(rate));
}

}  // namespace muster::inline optim
