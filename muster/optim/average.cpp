#include "muster/optim/average.h"

#include "muster/flat/flat_buffer.h"
#include "muster/optim/outer_kernel.h"

namespace muster {

void PlainAverage::step(at::Tensor& anchor, const at::Tensor& outer_gradient, double) {
  const int64_t size = anchor.numel();
  require_flat(anchor, size, anchor.scalar_type(), "anchor of PlainAverage");
  require_flat(outer_gradient, size, anchor.scalar_type(), "outer gradient of PlainAverage");
  if (anchor.scalar_type() == at::kDouble)
    kernel::subtract(anchor.data_ptr<double>(), outer_gradient.data_ptr<double>(), size);
  else
    kernel::subtract(anchor.data_ptr<float>(), outer_gradient.data_ptr<float>(), size);
}

void PlainAverage::step_part(at::Tensor& anchor, const at::Tensor& outer_gradient, int64_t,
                             double inner_learning_rate) {
  step(anchor, outer_gradient, inner_learning_rate);
}

}  // namespace muster
