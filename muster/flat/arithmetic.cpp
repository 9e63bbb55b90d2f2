#include "muster/flat/arithmetic.h"

#include <algorithm>

#include "muster/base/error.h"
#include "muster/flat/arithmetic_kernel.h"

namespace muster::inline flat {

namespace {

/// Calls visit(float{}) or visit(double{}), by the vector's element type.
template <class Visit>
void by_type(const Vector& vector, Visit visit) {
  if (vector.type() == ElementType::float64)
    visit(double{});
  else
    visit(float{});
}

}  // namespace

void subtract(const Vector& a, const Vector& b, const Vector& out) {
  require_flat(a, a.size(), a.type(), "a minuend");
  require_flat(b, a.size(), a.type(), "a subtrahend");
  require_flat(out, a.size(), a.type(), "a difference");
  by_type(a, [&]<class T>(T) { kernel::subtract(a.data<T>(), b.data<T>(), out.data<T>(), a.size()); });
}

void add(const Vector& to, const Vector& what) {
  require_flat(to, to.size(), to.type(), "a sum");
  require_flat(what, to.size(), what.type(), "a summand");
  if (to.type() == what.type())
    return by_type(to, [&]<class T>(T) { kernel::add(to.data<T>(), what.data<T>(), to.size()); });
  kernel::add(to.data<double>(), what.data<float>(), to.size());
}

void negate(const Vector& vector) {
  require_flat(vector, vector.size(), vector.type(), "a vector to negate");
  by_type(vector, [&]<class T>(T) { kernel::negate(vector.data<T>(), vector.size()); });
}

void multiply(const Vector& vector, double by) {
  require_flat(vector, vector.size(), vector.type(), "a vector to multiply");
  by_type(vector, [&]<class T>(T) { kernel::multiply(vector.data<T>(), static_cast<T>(by), vector.size()); });
}

void divide(const Vector& vector, double by) {
  require_flat(vector, vector.size(), vector.type(), "a vector to divide");
  by_type(vector, [&]<class T>(T) { kernel::divide(vector.data<T>(), static_cast<T>(by), vector.size()); });
}

void fill(const Vector& vector, double value) {
  require_flat(vector, vector.size(), vector.type(), "a vector to fill");
  by_type(vector, [&]<class T>(T) { std::fill_n(vector.data<T>(), vector.size(), static_cast<T>(value)); });
}

Vector as_float32(const Vector& vector) {
  if (vector.type() == ElementType::float32) return vector;
  require_flat(vector, vector.size(), ElementType::float64, "a vector to round");
  Vector rounded = uninitialised_vector(vector.size(), ElementType::float32);
  kernel::convert(vector.data<double>(), rounded.data<float>(), vector.size());
  return rounded;
}

}  // namespace muster::inline flat
