#include "muster/flat/norm.h"

#include <cmath>

#include "muster/flat/flat_buffer.h"
#include "muster/flat/norm_kernel.h"

namespace muster {

double norm_of(const at::Tensor& vector) {
  require_flat(vector, vector.numel(), vector.scalar_type(), "the vector to measure");
  if (vector.scalar_type() == at::kDouble)
    return std::sqrt(kernel::sum_of_squares(vector.data_ptr<double>(), vector.numel()));
  return std::sqrt(kernel::sum_of_squares(vector.data_ptr<float>(), vector.numel()));
}

}  // namespace muster
