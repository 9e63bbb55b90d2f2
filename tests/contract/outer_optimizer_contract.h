#pragma once

#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "muster/base/random.h"
#include "muster/flat/arithmetic.h"
#include "muster/flat/vector.h"
#include "muster/optim/outer_optimizer.h"

/// The contract of every OuterOptimizer, Muster's or a user's own. Needs no test framework:
///
///     for (const auto& broken : muster::contract::check_outer_optimizer(make)) ADD_FAILURE() << broken;
///
/// Checked in float and double:
///   - zero outer gradient and zero momentum leave the anchor as it is, also at rate 0;
///   - the first step goes towards the mean of the replicas, and the outer gradient is only read;
///   - where is_plain_mean() says so, the new anchor is the mean;
///   - a new object restored from state() at any meeting moves the anchor as the undisturbed one.
namespace muster::contract {

/// Makes a new optimizer for vectors of this size and type.
using MakeOuterOptimizer = std::function<std::unique_ptr<OuterOptimizer>(int64_t size, ElementType type)>;

/// A vector of normal numbers, the same for the same `which`.
inline Vector normal_vector(int64_t size, ElementType type, uint64_t which) {
  const Vector drawn = flat_vector(size, ElementType::float64);
  RandomStream stream({.seed = 11, .purpose = Purpose::test, .a = which, .b = 0});
  for (int64_t i = 0; i < size; ++i) drawn.data<double>()[i] = stream.normal();
  return type == ElementType::float64 ? drawn : as_float32(drawn);
}

/// The products of their elements, added, in double. REQUIRES: one size and type.
inline double dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (int64_t i = 0; i < a.size(); ++i)
    sum += a.type() == ElementType::float64
               ? a.data<double>()[i] * b.data<double>()[i]
               : static_cast<double>(a.data<float>()[i]) * static_cast<double>(b.data<float>()[i]);
  return sum;
}

inline Vector difference(const Vector& a, const Vector& b) {
  const Vector result = flat_vector(a.size(), a.type());
  subtract(a, b, result);
  return result;
}

inline double norm(const Vector& vector) { return std::sqrt(dot(vector, vector)); }

inline void check_first_step(const MakeOuterOptimizer& make, ElementType type,
                             std::vector<std::string>& broken) {
  constexpr int64_t size = 1003;
  const Vector before = normal_vector(size, type, 1), gradient = normal_vector(size, type, 2);
  for (const double rate : {0.1, 0.0}) {
    Vector anchor = before.copy();
    make(size, type)->step(anchor, flat_vector(size, type), rate);
    if (!same_bits(anchor, before)) broken.push_back("zero outer gradient and zero momentum move the anchor");
  }
  Vector anchor = before.copy();
  const auto outer = make(size, type);
  outer->step(anchor, gradient, 0.1);
  if (!(dot(difference(before, anchor), gradient) > 0))
    broken.push_back("the first step leads away from the mean");
  if (!same_bits(gradient, normal_vector(size, type, 2)))
    broken.push_back("the outer gradient was written to");
  const Vector mean = difference(before, gradient);
  const double tolerance = (type == ElementType::float64 ? 1e-14 : 1e-6) * norm(mean);
  if (outer->is_plain_mean() && !(norm(difference(anchor, mean)) <= tolerance))
    broken.push_back("is_plain_mean() holds, but the new anchor is not the mean");
}

inline void check_restored(const MakeOuterOptimizer& make, ElementType type, int interruption,
                           std::vector<std::string>& broken) {
  constexpr int64_t size = 67;
  const auto whole = make(size, type), first = make(size, type), second = make(size, type);
  Vector anchor = normal_vector(size, type, 1), other = anchor.copy();
  for (int meeting = 0; meeting < 8; ++meeting) {
    const Vector gradient = normal_vector(size, type, static_cast<uint64_t>(meeting) + 5);
    const double rate = meeting == 3 ? 0 : 0.1 / (1 + meeting);
    whole->step(anchor, gradient, rate);
    if (meeting == interruption) second->restore(first->state());
    (meeting < interruption ? first : second)->step(other, gradient, rate);
  }
  if (!same_bits(anchor, other))
    broken.push_back("restored before meeting " + std::to_string(interruption) +
                     " it moves the anchor otherwise");
}

/// The broken promises, one line each; none: the optimizer keeps to the contract.
inline std::vector<std::string> check_outer_optimizer(const MakeOuterOptimizer& make) {
  std::vector<std::string> broken;
  for (const ElementType type : {ElementType::float32, ElementType::float64}) {
    check_first_step(make, type, broken);
    for (int interruption = 0; interruption < 8; ++interruption)
      check_restored(make, type, interruption, broken);
  }
  return broken;
}

}  // namespace muster::contract
