#include "muster/flat/norm.h"

#include <cmath>

#include "muster/flat/norm_kernel.h"
#include "muster/flat/vector.h"

namespace muster::inline flat {

double norm_of(const Vector& vector) {
  require_flat(vector, vector.size(), vector.type(), "the vector to measure");
  if (vector.type() == ElementType::float64)
    return std::sqrt(kernel::sum_of_squares(vector.data<double>(), vector.size()));
  return std::sqrt(kernel::sum_of_squares(vector.data<float>(), vector.size()));
}

}  // namespace muster::inline flat
