#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "muster/base/error.h"
#include "muster/flat/norm.h"
#include "muster/flat/vector.h"
#include "muster/optim/clip.h"
#include "tests/support/vectors.h"

namespace muster {
namespace {

using test::noise;

TEST(Clip, NormIsSummedInDouble) {
  for (const int64_t size : {0L, 1L, 63L, 64L, 65L, 100'003L})
    for (const ElementType type : {ElementType::float32, ElementType::float64}) {
      const Vector vector = noise(size, type, 6);
      long double squares = 0;
      for (int64_t i = 0; i < size; ++i)
        squares += static_cast<long double>(test::value_at(vector, i)) * test::value_at(vector, i);
      const auto expected = static_cast<double>(std::sqrt(squares));
      EXPECT_NEAR(norm_of(vector), expected, 1e-13 * expected) << size;
    }
  const Vector large =
      test::vector_from<float>({1e30F, 1e30F, 1e30F, 1e30F});  // the squares overflow a float
  EXPECT_NEAR(norm_of(large), 2e30, 1e23);
}

TEST(Clip, FactorIsTorchs) {
  const Vector gradient = noise(1000, ElementType::float32, 6);
  double norm = 0;
  EXPECT_EQ(clip_scale(gradient, 1e3, &norm), 1);
  EXPECT_NEAR(norm, std::sqrt(1000.0), 3);
  EXPECT_DOUBLE_EQ(clip_scale(gradient, 0.5), 0.5 / (norm + 1e-6));
  EXPECT_EQ(clip_scale(flat_vector(10), 1), 1);
  EXPECT_THROW(clip_scale(gradient, 0), Bug);
}

TEST(Clip, NonFiniteNormsAreVisible) {
  const Vector gradient = noise(100, ElementType::float32, 6);
  double norm = 0;
  gradient.data<float>()[70] = std::numeric_limits<float>::quiet_NaN();
  clip_scale(gradient, 1, &norm);
  EXPECT_TRUE(std::isnan(norm));
  gradient.data<float>()[70] = std::numeric_limits<float>::infinity();
  clip_scale(gradient, 1, &norm);
  EXPECT_TRUE(std::isinf(norm));
}

}  // namespace
}  // namespace muster
