#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "muster/base/error.h"
#include "muster/flat/arithmetic.h"
#include "tests/support/other_device.h"
#include "tests/support/vectors.h"

namespace muster {
namespace {

using test::noise;
using test::to_std;
using test::vector_from;

/// Below, at and above the widths of vector registers, and one with a rest behind many of them.
constexpr int64_t sizes[] = {0, 1, 7, 15, 16, 17, 64, 1003};

/// body(values of type T) for both real types and all sizes; the vectors begin at odd places of their memory.
template <class Body>
void on_noise(Body body) {
  for (const int64_t size : sizes) {
    SCOPED_TRACE(size);
    const auto drawn = [size](ElementType type, uint64_t seed) {
      return noise(size + 3, type, seed).part(3, size);
    };
    body.template operator()<float>(drawn(ElementType::float32, 1), drawn(ElementType::float32, 2));
    body.template operator()<double>(drawn(ElementType::float64, 1), drawn(ElementType::float64, 2));
  }
}

/// The plain loop: result[i] = of(a[i], b[i]).
template <class T, class Of>
Vector by_hand(const Vector& a, const Vector& b, Of of) {
  std::vector<T> result;
  for (int64_t i = 0; i < a.size(); ++i) result.push_back(of(a.data<T>()[i], b.data<T>()[i]));
  return vector_from(result);
}

TEST(Arithmetic, SubtractHasTheBitsOfThePlainLoop) {
  on_noise([]<class T>(const Vector& a, const Vector& b) {
    const Vector expected = by_hand<T>(a, b, [](T x, T y) { return x - y; }),
                 out = flat_vector(a.size(), a.type());
    subtract(a, b, out);
    EXPECT_TRUE(same_bits(out, expected));
    const Vector minuend = a.copy(), subtrahend = b.copy();
    subtract(minuend, b, minuend);
    EXPECT_TRUE(same_bits(minuend, expected)) << "out is the minuend";
    subtract(a, subtrahend, subtrahend);
    EXPECT_TRUE(same_bits(subtrahend, expected)) << "out is the subtrahend";
    subtract(minuend, minuend, minuend);
    EXPECT_TRUE(same_bits(minuend, flat_vector(a.size(), a.type())));
  });
}

TEST(Arithmetic, AddHasTheBitsOfThePlainLoop) {
  on_noise([]<class T>(const Vector& a, const Vector& b) {
    const Vector sum = a.copy(), twice = a.copy();
    add(sum, b);
    EXPECT_TRUE(same_bits(sum, by_hand<T>(a, b, [](T x, T y) { return x + y; })));
    add(twice, twice);
    EXPECT_TRUE(same_bits(twice, by_hand<T>(a, a, [](T x, T y) { return x + y; })));
  });
}

// Added as doubles: a sum in float32 would lose these.
TEST(Arithmetic, AddTakesFloat32IntoFloat64) {
  for (const int64_t size : sizes) {
    const Vector to = noise(size, ElementType::float64, 1), what = noise(size, ElementType::float32, 2, 1e-9);
    const std::vector<double> before = to_std<double>(to);
    const std::vector<float> added = to_std<float>(what);
    add(to, what);
    for (size_t i = 0; i < before.size(); ++i) {
      EXPECT_EQ(to.data<double>()[i], before[i] + static_cast<double>(added[i]));
      EXPECT_NE(to.data<double>()[i], before[i]);
    }
  }
  EXPECT_THROW(add(flat_vector(3), flat_vector(3, ElementType::float64)), Bug) << "not the other way round";
}

TEST(Arithmetic, NegateTurnsEverySign) {
  on_noise([]<class T>(const Vector& a, const Vector&) {
    const Vector negative = a.copy();
    negate(negative);
    EXPECT_TRUE(same_bits(negative, by_hand<T>(a, a, [](T x, T) { return -x; })));
  });
  const Vector zeros = vector_from<float>({0.0F, -0.0F});
  negate(zeros);
  EXPECT_TRUE(same_bits(zeros, vector_from<float>({-0.0F, 0.0F})));
}

// 0.1 and 3e-50 are other numbers as floats.
TEST(Arithmetic, FactorsAreRoundedToTheVectorsType) {
  for (const double by : {0.1, -3.0, 1e-3, 3e-50})
    on_noise([by]<class T>(const Vector& a, const Vector&) {
      const Vector product = a.copy(), quotient = a.copy();
      const T rounded = static_cast<T>(by);
      multiply(product, by);
      EXPECT_TRUE(same_bits(product, by_hand<T>(a, a, [&](T x, T) { return x * rounded; }))) << by;
      divide(quotient, by);
      EXPECT_TRUE(same_bits(quotient, by_hand<T>(a, a, [&](T x, T) { return x / rounded; }))) << by;
    });
}

TEST(Arithmetic, FillSetsEveryElement) {
  on_noise([]<class T>(const Vector& a, const Vector&) {
    fill(a, 0.1);
    EXPECT_EQ(to_std<T>(a), std::vector<T>(static_cast<size_t>(a.size()), static_cast<T>(0.1)));
  });
}

TEST(Arithmetic, OnlyThePartGivenIsTouched) {
  const Vector whole = noise(40, ElementType::float32, 1), before = whole.copy(), part = whole.part(5, 21);
  add(part, part);
  negate(part);
  multiply(part, 3);
  divide(part, 3);
  subtract(part, part, part);
  fill(part, 1);
  EXPECT_TRUE(same_bits(whole.part(0, 5), before.part(0, 5)));
  EXPECT_TRUE(same_bits(whole.part(26, 14), before.part(26, 14)));
}

TEST(Arithmetic, RoundsToFloat32Once) {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  const Vector vector = vector_from<double>({0.1, -0.0, 1e-320, 3e38, 1e39, -1e39, infinite, 16777217.0}),
               rounded = as_float32(vector);
  EXPECT_TRUE(
      same_bits(rounded, vector_from<float>({0.1F, -0.0F, 0.0F, 3e38F, std::numeric_limits<float>::infinity(),
                                             -std::numeric_limits<float>::infinity(),
                                             std::numeric_limits<float>::infinity(), 16777216.0F})));
  EXPECT_TRUE(std::isnan(as_float32(vector_from<double>({std::nan("")})).data<float>()[0]));
  const Vector already = noise(5, ElementType::float32, 1);
  EXPECT_TRUE(as_float32(already).is_same(already));
  for (const int64_t size : sizes) {
    const Vector drawn = noise(size, ElementType::float64, 3);
    EXPECT_TRUE(same_bits(as_float32(drawn), noise(size, ElementType::float32, 3)));
  }
}

TEST(Arithmetic, OtherFormsAreRefused) {
  const Vector three = flat_vector(3), four = flat_vector(4), wide = flat_vector(3, ElementType::float64),
               whole_numbers = flat_vector(3, ElementType::int64),
               away(std::make_shared<test::OtherDevice>(12), ElementType::float32, 0, 3);
  EXPECT_THROW(subtract(three, four, three), Bug);
  EXPECT_THROW(subtract(three, three, four), Bug);
  EXPECT_THROW(subtract(three, wide, three), Bug);
  EXPECT_THROW(subtract(three, three, wide), Bug);
  EXPECT_THROW(add(three, four), Bug);
  for (const Vector& wrong : {whole_numbers, Vector()}) {
    EXPECT_THROW(add(wrong, wrong), Bug);
    EXPECT_THROW(negate(wrong), Bug);
    EXPECT_THROW(multiply(wrong, 2), Bug);
    EXPECT_THROW(divide(wrong, 2), Bug);
    EXPECT_THROW(fill(wrong, 2), Bug);
  }
  EXPECT_THROW(as_float32(whole_numbers), Bug);
  EXPECT_THROW(add(three, away), Error);
  EXPECT_THROW(fill(away, 1), Error);
}

}  // namespace
}  // namespace muster
