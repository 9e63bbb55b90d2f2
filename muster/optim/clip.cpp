#include "muster/optim/clip.h"

#include "muster/base/error.h"
#include "muster/flat/norm.h"

namespace muster::inline optim {

double clip_scale(const Vector& gradient, double max_norm, double* norm) {
  invariant(max_norm > 0, "clip_scale needs max_norm > 0");
  const double length = norm_of(gradient);
  if (norm) *norm = length;
  const double factor = max_norm / (length + 1e-6);
  return factor < 1 ? factor : 1;
}

}  // namespace muster::inline optim
