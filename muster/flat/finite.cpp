#include "muster/flat/finite.h"

#include "muster/flat/finite_kernel.h"
#include "muster/flat/vector.h"

namespace muster::inline flat {

bool all_finite(const Vector& vector) {
  require_flat(vector, vector.size(), vector.type(), "the vector to check");
  if (vector.type() == ElementType::float64) return kernel::all_finite(vector.data<double>(), vector.size());
  return kernel::all_finite(vector.data<float>(), vector.size());
}

}  // namespace muster::inline flat
