#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include "muster/base/error.h"
#include "muster/base/random.h"
#include "muster/flat/vector.h"

namespace muster::test {

template <class T>
Vector vector_from(const std::vector<T>& values) {
  Vector vector = uninitialised_vector(static_cast<int64_t>(values.size()), element_type_of<T>);
  std::copy(values.begin(), values.end(), vector.data<T>());
  return vector;
}

template <class T>
std::vector<T> to_std(const Vector& vector) {
  const T* const values = vector.data<T>();
  return {values, values + vector.size()};
}

/// One element of a vector of either real type, as double.
inline double value_at(const Vector& vector, int64_t place) {
  invariant(place >= 0 && place < vector.size(), "a value lies within its vector");
  if (vector.type() == ElementType::float64) return vector.data<double>()[place];
  return static_cast<double>(vector.data<float>()[place]);
}

/// 0, 1, 2, ... of any type.
inline Vector counted(int64_t size, ElementType type = ElementType::float32) {
  const auto numbers = [size]<class T>(T) {
    std::vector<T> values(static_cast<size_t>(size));
    std::iota(values.begin(), values.end(), T{0});
    return vector_from(values);
  };
  if (type == ElementType::float32) return numbers(float{});
  if (type == ElementType::float64) return numbers(double{});
  if (type == ElementType::int64) return numbers(int64_t{});
  return numbers(uint8_t{});
}

/// Normal numbers of this standard deviation, of either real type: the same ones for the same seed, rounded
/// to the type.
inline Vector noise(int64_t size, ElementType type, uint64_t seed, double scale = 1) {
  Vector vector = uninitialised_vector(size, type);
  RandomStream random({.seed = seed, .purpose = Purpose::test});
  for (int64_t i = 0; i < size; ++i) {
    const double value = scale * random.normal();
    if (type == ElementType::float64)
      vector.data<double>()[i] = value;
    else
      vector.data<float>()[i] = static_cast<float>(value);
  }
  return vector;
}

/// max |a_i - b_i|, in double; not a number where one of the differences is none. REQUIRES: one size.
inline double largest_difference(const Vector& a, const Vector& b) {
  invariant(a.size() == b.size(), "vectors of different sizes have no difference");
  double largest = 0;
  for (int64_t i = 0; i < a.size(); ++i) {
    const double difference = std::abs(value_at(a, i) - value_at(b, i));
    if (std::isnan(difference)) return std::numeric_limits<double>::quiet_NaN();
    largest = std::max(largest, difference);
  }
  return largest;
}

}  // namespace muster::test
