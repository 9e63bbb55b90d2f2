#include "muster/optim/momentum_look_ahead.h"

#include "muster/flat/flat_buffer.h"
#include "muster/optim/async_outer_kernel.h"

namespace muster {

void look_ahead_along(at::Tensor& parameters, const at::Tensor& momentum, double rate) {
  require_flat(parameters, momentum.numel(), momentum.scalar_type(), "parameters of a look-ahead");
  if (momentum.scalar_type() == at::kDouble)
    kernel::descend(parameters.data_ptr<double>(), momentum.data_ptr<double>(), momentum.numel(), rate);
  else
    kernel::descend(parameters.data_ptr<float>(), momentum.data_ptr<float>(), momentum.numel(),
                    static_cast<float>(rate));
}

}  // namespace muster
