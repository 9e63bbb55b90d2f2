#include "muster/optim/delay_compensation.h"

#include <cmath>

#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/flat/flat_buffer.h"
#include "muster/optim/async_outer_kernel.h"

namespace muster {

DelayCompensation::DelayCompensation(double strength) : strength_(strength) {
  if (!(strength > 0 && std::isfinite(strength)))
    throw OptionError("async.delay_compensation", format_number(strength), "give a number above 0");
}

void DelayCompensation::apply(at::Tensor& pseudo_gradient, const at::Tensor& parameters,
                              const at::Tensor& start) {
  const int64_t size = pseudo_gradient.numel();
  require_flat(parameters, size, pseudo_gradient.scalar_type(), "parameters of a delay compensation");
  require_flat(start, size, pseudo_gradient.scalar_type(), "start of a delay compensation");
  if (pseudo_gradient.scalar_type() == at::kDouble)
    kernel::compensate_delay(pseudo_gradient.data_ptr<double>(), parameters.data_ptr<double>(),
                             start.data_ptr<double>(), size, strength_);
  else
    kernel::compensate_delay(pseudo_gradient.data_ptr<float>(), parameters.data_ptr<float>(),
                             start.data_ptr<float>(), size, static_cast<float>(strength_));
}

}  // namespace muster
