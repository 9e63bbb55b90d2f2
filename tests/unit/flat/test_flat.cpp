#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "muster/base/error.h"
#include "muster/flat/finite.h"
#include "muster/flat/layout.h"
#include "muster/flat/state.h"
#include "muster/flat/vector.h"
#include "tests/support/vectors.h"

namespace muster {
namespace {

using test::vector_from;

TEST(Layout, PlacesTensorsWithoutGaps) {
  Layout layout;
  layout.add("weight", {3, 4});
  layout.add("bias", {3}, true);
  layout.add("scalar", {});
  ASSERT_EQ(layout.pieces().size(), 3U);
  EXPECT_EQ(layout.pieces()[1].offset, 12);
  EXPECT_EQ(layout.pieces()[1].size, 3);
  EXPECT_TRUE(layout.pieces()[1].norm_or_bias);
  EXPECT_EQ(layout.pieces()[2].size, 1);
  EXPECT_EQ(layout.size(), 16);
  EXPECT_THROW(layout.add("negative", {2, -1}), Bug);
}

template <class T>
void check_finite() {
  using Limits = std::numeric_limits<T>;
  for (const int64_t size : {1L, 7L, 16384L, 40'003L}) {
    const Vector vector = flat_vector(size, element_type_of<T>);
    T* const values = vector.data<T>();
    EXPECT_TRUE(all_finite(vector));
    for (const int64_t at : {int64_t{0}, size / 2, size - 1}) {
      for (const T good : {Limits::max(), Limits::lowest(), Limits::denorm_min(), Limits::min(), -T{0}}) {
        values[at] = good;
        EXPECT_TRUE(all_finite(vector)) << good << " at " << at;
      }
      for (const T bad : {Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN(), -Limits::quiet_NaN(),
                          Limits::signaling_NaN()}) {
        values[at] = bad;
        EXPECT_FALSE(all_finite(vector)) << bad << " at " << at << " of " << size;
      }
      values[at] = 0;
    }
  }
}

TEST(AllFinite, FindsEveryInfinityAndNaN) {
  check_finite<float>();
  check_finite<double>();
  EXPECT_TRUE(all_finite(flat_vector(0)));
}

TEST(State, CarriesPartsAndRefusesOtherForms) {
  State part;
  part.numbers.set("steps", int64_t{3});
  part.tensors["momentum"] = vector_from<float>({1, 1, 1, 1});
  part.tensors["matrix"] = ShapedVector(flat_vector(4), {2, 2});
  State whole;
  whole.insert("inner", part);
  const State back = whole.part_of("inner");
  EXPECT_EQ(back.numbers.integer("steps"), 3);
  EXPECT_EQ(back.tensors.at("momentum").shape, (std::vector<int64_t>{4}));
  EXPECT_EQ(back.tensors.at("matrix").shape, (std::vector<int64_t>{2, 2}));
  EXPECT_TRUE(back.tensors.at("momentum").values.is_same(part.tensors.at("momentum").values)) << "shared";
  EXPECT_TRUE(whole.part_of("inn").tensors.empty());
  const Vector into = flat_vector(4);
  back.copy_into("momentum", into);
  EXPECT_EQ(into.data<float>()[3], 1);
  EXPECT_THROW(back.copy_into("momentum", flat_vector(5)), CheckpointError);
  EXPECT_THROW(back.copy_into("momentum", flat_vector(4, ElementType::float64)), CheckpointError);
  EXPECT_THROW(back.copy_into("matrix", into), CheckpointError) << "of another shape";
  EXPECT_THROW(back.copy_into("other", into), CheckpointError);
}

}  // namespace
}  // namespace muster
