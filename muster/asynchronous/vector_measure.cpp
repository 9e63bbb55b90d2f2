#include "muster/asynchronous/vector_measure.h"

#include <limits>

#include "muster/flat/finite.h"
#include "muster/flat/norm.h"

namespace muster::inline asynchronous {

namespace {

double largest(ElementType type) {
  return type == ElementType::float64 ? std::numeric_limits<double>::max()
                                      : static_cast<double>(std::numeric_limits<float>::max());
}

}  // namespace

VectorMeasure measure(const Vector& vector, int64_t elements, ElementType type) {
  VectorMeasure found;
  found.fits = vector.defined() && vector.size() == elements && vector.type() == type;
  if (!found.fits || !all_finite(vector)) return found;
  found.norm = norm_of(vector);
  found.finite = found.norm <= largest(type);
  return found;
}

}  // namespace muster::inline asynchronous
