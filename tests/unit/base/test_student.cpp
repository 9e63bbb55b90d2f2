// Student's t against printed tables (Abramowitz and Stegun, table 26.10).
#include <gtest/gtest.h>

#include <cmath>

#include "muster/base/error.h"
#include "muster/base/student.h"

namespace muster {
namespace {

TEST(Student, QuantilesAreThoseOfTheTables) {
  EXPECT_NEAR(student_quantile(0.99, 1), 63.657, 5e-4);
  EXPECT_NEAR(student_quantile(0.99, 2), 9.925, 5e-4);
  EXPECT_NEAR(student_quantile(0.99, 7), 3.499, 5e-4);
  EXPECT_NEAR(student_quantile(0.99, 9), 3.250, 5e-4);
  EXPECT_NEAR(student_quantile(0.99, 30), 2.750, 5e-4);
  EXPECT_NEAR(student_quantile(0.95, 10), 2.228, 5e-4);
  EXPECT_NEAR(student_quantile(0.99, 1535), 2.579, 5e-4);
}

TEST(Student, ProbabilitiesAreMonotoneAndUndoTheQuantile) {
  for (const int64_t freedom : {1, 2, 3, 8, 9, 100, 101}) {
    EXPECT_DOUBLE_EQ(student_probability(0, freedom), 0.5);
    EXPECT_NEAR(student_probability(student_quantile(0.99, freedom), freedom), 0.995, 1e-12);
    EXPECT_NEAR(student_probability(-1.3, freedom) + student_probability(1.3, freedom), 1, 1e-14);
    EXPECT_LT(student_probability(1, freedom), student_probability(1.1, freedom));
    EXPECT_EQ(student_probability(INFINITY, freedom), 1);
  }
  EXPECT_NEAR(student_probability(1, 1), 0.75, 1e-14);  // Cauchy
}

TEST(Student, NeedsADegreeOfFreedom) {
  EXPECT_THROW(student_quantile(0.99, 0), Bug);
  EXPECT_THROW(student_quantile(1, 3), Bug);
  EXPECT_THROW(student_probability(1, 0), Bug);
}

}  // namespace
}  // namespace muster
