#include "muster/optim/delay_compensation.h"

#include <cmath>

#include "muster/base/error.h"
#include "muster/base/format.h"
#include "muster/flat/vector.h"
#include "muster/optim/async_outer_kernel.h"

namespace muster::inline optim {

DelayCompensation::DelayCompensation(double strength) : strength_(strength) {
  if (!(strength > 0 && std::isfinite(strength)))
    throw OptionError("async.delay_compensation", format_number(strength), "give a number above 0");
}

void DelayCompensation::apply(Vector& pseudo_gradient, const Vector& parameters, const Vector& start) {
  const int64_t size = pseudo_gradient.size();
  require_flat(parameters, size, pseudo_gradient.type(), "parameters of a delay compensation");
  require_flat(start, size, pseudo_gradient.type(), "start of a delay compensation");
  if (pseudo_gradient.type() == ElementType::float64)
    kernel::compensate_delay(pseudo_gradient.data<double>(), parameters.data<double>(), start.data<double>(),
                             size, strength_);
  else
    kernel::compensate_delay(pseudo_gradient.data<float>(), parameters.data<float>(), start.data<float>(),
                             size, static_cast<float>(strength_));
}

}  // namespace muster::inline optim
