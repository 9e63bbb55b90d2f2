#include <ATen/Functions.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "muster/base/error.h"
#include "muster/flat/finite.h"
#include "muster/flat/flat_buffer.h"
#include "muster/flat/state.h"

namespace muster {
namespace {

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

TEST(FlatVector, IsZeroedAndAligned) {
  for (const int64_t size : {0L, 1L, 1000L, 3'000'000L}) {
    const at::Tensor vector = flat_vector(size, at::kDouble);
    ASSERT_EQ(vector.numel(), size);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(vector.data_ptr()) % 64, 0U);
    for (int64_t i = 0; i < size; ++i) ASSERT_EQ(vector.data_ptr<double>()[i], 0);
  }
}

TEST(FlatVector, ViewsShareItsMemory) {
  Layout layout;
  layout.add("first", {5});
  layout.add("second", {2, 3});
  const at::Tensor flat = flat_vector(layout.size());
  at::Tensor view = view_of(flat, layout.pieces()[1]);
  EXPECT_EQ(view.sizes(), (std::vector<int64_t>{2, 3}));
  view.fill_(7);
  for (int64_t i = 0; i < 11; ++i) EXPECT_EQ(flat.data_ptr<float>()[i], i < 5 ? 0 : 7);
}

TEST(FlatVector, RequirementNamesTheRole) {
  const at::Tensor vector = flat_vector(8);
  EXPECT_NO_THROW(require_flat(vector, 8, at::kFloat, "it"));
  EXPECT_THROW(require_flat(vector, 9, at::kFloat, "it"), Bug);
  EXPECT_THROW(require_flat(vector, 8, at::kDouble, "it"), Bug);
  EXPECT_THROW(require_flat(vector.view({2, 4}), 8, at::kFloat, "it"), Bug);
  EXPECT_THROW(require_flat(vector.slice(0, 0, 8, 2), 4, at::kFloat, "it"), Bug);
  EXPECT_THROW(require_flat(at::Tensor(), 0, at::kFloat, "it"), Bug);
  try {
    require_flat(vector, 9, at::kFloat, "the anchor");
  } catch (const Bug& bug) {
    EXPECT_NE(std::string(bug.what()).find("the anchor"), std::string::npos);
  }
}

template <class T>
void check_finite(at::ScalarType type) {
  using Limits = std::numeric_limits<T>;
  for (const int64_t size : {1L, 7L, 16384L, 40'003L}) {
    const at::Tensor vector = flat_vector(size, type);
    T* const values = vector.data_ptr<T>();
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
  check_finite<float>(at::kFloat);
  check_finite<double>(at::kDouble);
  EXPECT_TRUE(all_finite(flat_vector(0)));
}

TEST(ExchangeMemory, ViewsFollowAndNothingMoves) {
  at::Tensor a = flat_vector(1000), b = flat_vector(1000);
  a.fill_(1);
  b.fill_(2);
  const at::Tensor view = a.narrow(0, 10, 20).view({4, 5}), other = b.narrow(0, 0, 1);
  const void* const memory = a.data_ptr();
  ASSERT_TRUE(exchange_memory(a, b));
  EXPECT_EQ(b.data_ptr(), memory);
  EXPECT_TRUE(at::equal(a, at::full({1000}, 2)));
  EXPECT_TRUE(at::equal(view, at::full({4, 5}, 2)));
  view.fill_(3);
  EXPECT_EQ(a[10].item<float>(), 3);
  EXPECT_EQ(other.item<float>(), 1);
}

TEST(ExchangeMemory, RefusesPartsAndOtherForms) {
  at::Tensor whole = flat_vector(8), longer = flat_vector(9), wider = flat_vector(8, at::kDouble),
             part = longer.narrow(0, 0, 8), same = whole.view({8});
  whole.fill_(1);
  for (at::Tensor* other : {&longer, &wider, &part, &same}) {
    EXPECT_FALSE(exchange_memory(whole, *other));
    EXPECT_FALSE(exchange_memory(*other, whole));
  }
  EXPECT_TRUE(at::equal(whole, at::ones({8})));
  EXPECT_TRUE(at::equal(longer, at::zeros({9})));
}

TEST(State, CarriesPartsAndRefusesOtherForms) {
  State part;
  part.numbers.set("steps", int64_t{3});
  part.tensors["momentum"] = at::ones({4});
  State whole;
  whole.insert("inner", part);
  const State back = whole.part_of("inner");
  EXPECT_EQ(back.numbers.integer("steps"), 3);
  const at::Tensor into = flat_vector(4);
  back.copy_into("momentum", into);
  EXPECT_EQ(into.data_ptr<float>()[3], 1);
  EXPECT_THROW(back.copy_into("momentum", flat_vector(5)), CheckpointError);
  EXPECT_THROW(back.copy_into("momentum", flat_vector(4, at::kDouble)), CheckpointError);
  EXPECT_THROW(back.copy_into("other", into), CheckpointError);
}

}  // namespace
}  // namespace muster
