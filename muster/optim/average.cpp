#include "muster/optim/average.h"

#include "muster/flat/vector.h"
#include "muster/optim/outer_kernel.h"

namespace muster::inline optim {

void PlainAverage::step(Vector& anchor, const Vector& outer_gradient, double) {
  const int64_t size = anchor.size();
  require_flat(anchor, size, anchor.type(), "anchor of PlainAverage");
  require_flat(outer_gradient, size, anchor.type(), "outer gradient of PlainAverage");
  if (anchor.type() == ElementType::float64)
    kernel::subtract(anchor.data<double>(), outer_gradient.data<double>(), size);
  else
    kernel::subtract(anchor.data<float>(), outer_gradient.data<float>(), size);
}

void PlainAverage::step_part(Vector& anchor, const Vector& outer_gradient, int64_t,
                             double inner_learning_rate) {
  step(anchor, outer_gradient, inner_learning_rate);
}

}  // namespace muster::inline optim
