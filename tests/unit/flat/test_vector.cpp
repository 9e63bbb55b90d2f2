#include <gmock/gmock.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "muster/base/error.h"
#include "muster/flat/vector.h"
#include "tests/support/other_device.h"
#include "tests/support/vectors.h"

namespace muster {
namespace {

using test::counted;
using test::to_std;
using test::vector_from;
using ::testing::HasSubstr;

std::string said(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "no Error";
}

TEST(ElementTypes, HaveSizesAndNames) {
  EXPECT_EQ(bytes_of(ElementType::float32), 4);
  EXPECT_EQ(bytes_of(ElementType::float64), 8);
  EXPECT_EQ(bytes_of(ElementType::int64), 8);
  EXPECT_EQ(bytes_of(ElementType::byte), 1);
  EXPECT_STREQ(name_of(ElementType::float32), "Float");
  EXPECT_STREQ(name_of(ElementType::float64), "Double");
  EXPECT_STREQ(name_of(ElementType::int64), "Long");
  EXPECT_STREQ(name_of(ElementType::byte), "Byte");
  EXPECT_TRUE(is_real(ElementType::float32) && is_real(ElementType::float64));
  EXPECT_FALSE(is_real(ElementType::int64) || is_real(ElementType::byte));
}

TEST(FlatVector, IsZeroedAndAligned) {
  for (const int64_t size : {0L, 1L, 1000L, 3'000'000L}) {
    const Vector vector = flat_vector(size, ElementType::float64);
    ASSERT_EQ(vector.size(), size);
    EXPECT_EQ(vector.bytes(), 8 * size);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(vector.data<double>()) % 64, 0U);
    for (int64_t i = 0; i < size; ++i) ASSERT_EQ(vector.data<double>()[i], 0);
  }
  EXPECT_THROW(flat_vector(-1), Bug);
  for (const int64_t size : {int64_t{1} << 58, int64_t{1} << 61, INT64_MAX})
    EXPECT_THROW(flat_vector(size, ElementType::float64), Error) << size;
  EXPECT_EQ(flat_vector(3).type(), ElementType::float32);
  EXPECT_TRUE(uninitialised_vector(3, ElementType::byte).is_whole());
}

TEST(Vector, ThatIsNoneHasNothing) {
  const Vector none;
  EXPECT_FALSE(none.defined());
  EXPECT_EQ(none.size(), 0);
  EXPECT_FALSE(none.is_whole());
  EXPECT_TRUE(none.is_same(Vector()));
  EXPECT_THROW(none.host(), Bug);
  EXPECT_THROW(none.address(), Bug);
  EXPECT_THROW(none.part(0, 0), Bug);
  EXPECT_THROW(none.as(ElementType::byte), Bug);
}

TEST(Vector, PartsShareItsMemory) {
  const Vector whole = flat_vector(11), part = whole.part(5, 6), inner = part.part(2, 3);
  for (int64_t i = 0; i < 6; ++i) part.data<float>()[i] = 7;
  inner.fill_zero();
  EXPECT_EQ(to_std<float>(whole), (std::vector<float>{0, 0, 0, 0, 0, 7, 7, 0, 0, 0, 7}));
  EXPECT_EQ(inner.begin(), 7);
  EXPECT_TRUE(whole.is_whole());
  EXPECT_FALSE(part.is_whole() || whole.part(0, 10).is_whole());
  EXPECT_TRUE(whole.part(0, 11).is_same(whole));
  EXPECT_FALSE(whole.part(0, 10).is_same(whole));
  EXPECT_FALSE(whole.part(0, 10).is_same(whole.part(1, 10)));
  EXPECT_EQ(whole.part(11, 0).size(), 0);
}

TEST(Vector, PartsLieWithinIt) {
  const Vector whole = flat_vector(8), part = whole.part(2, 4);
  for (const auto& [begin, size] : {std::pair(-1, 2), {0, -1}, {0, 9}, {8, 1}, {9, 0}})
    EXPECT_THROW(whole.part(begin, size), Bug) << begin << ", " << size;
  EXPECT_THROW(whole.part(2, INT64_MAX), Bug);
  EXPECT_THROW(Vector(whole.memory(), ElementType::float32, 1, INT64_MAX), Bug);
  EXPECT_THROW(part.part(0, 5), Bug) << "its own end counts, not that of the memory";
  EXPECT_THROW(Vector(whole.memory(), ElementType::float32, 1, 8), Bug);
  EXPECT_THROW(Vector(whole.memory(), ElementType::float64, 0, 5), Bug);
  EXPECT_THROW(Vector(nullptr, ElementType::float32, 0, 0), Bug);
}

TEST(Vector, SeesTheSameBytesAsOtherElements) {
  const Vector vector = vector_from<float>({1, 2, 3, 4});
  EXPECT_EQ(vector.as(ElementType::byte).size(), 16);
  EXPECT_EQ(vector.as(ElementType::byte).data<uint8_t>()[3], 0x3F);  // 1.0F is 0x3F800000
  EXPECT_EQ(vector.as(ElementType::float64).size(), 2);
  const Vector tail = vector.part(2, 2).as(ElementType::int64);
  EXPECT_EQ(tail.size(), 1);
  EXPECT_EQ(tail.begin(), 1);
  tail.data<int64_t>()[0] = 0;
  EXPECT_EQ(to_std<float>(vector), (std::vector<float>{1, 2, 0, 0}));
  EXPECT_THROW(vector.part(1, 2).as(ElementType::float64), Bug) << "begins within an element";
  EXPECT_THROW(vector.part(0, 3).as(ElementType::float64), Bug) << "ends within an element";
}

TEST(Vector, IsReadAsWhatItIs) {
  const Vector vector = flat_vector(4);
  EXPECT_THROW(vector.data<double>(), Bug);
  EXPECT_THROW(vector.data<int64_t>(), Bug);
  EXPECT_THROW(vector.data<uint8_t>(), Bug);
  EXPECT_EQ(vector.host(), vector.data<float>());
  EXPECT_EQ(vector.host_bytes().size(), 16U);
}

TEST(Vector, CopiesAreApart) {
  const Vector vector = counted(5), copy = vector.copy();
  Vector view;
  view = vector;
  vector.data<float>()[2] = 9;
  EXPECT_EQ(to_std<float>(copy), (std::vector<float>{0, 1, 2, 3, 4}));
  EXPECT_EQ(view.data<float>()[2], 9);
  copy.copy_from(vector);
  copy.copy_from(copy);
  EXPECT_TRUE(same_bits(copy, vector));
  EXPECT_TRUE(copy.is_whole() && !copy.is_same(vector));
  copy.part(0, 2).copy_from(vector.part(3, 2));
  EXPECT_EQ(to_std<float>(copy), (std::vector<float>{3, 4, 9, 3, 4}));
  EXPECT_THROW(copy.copy_from(counted(4)), Bug);
  EXPECT_THROW(copy.copy_from(counted(5, ElementType::float64)), Bug);
  EXPECT_EQ(counted(6).part(2, 3).copy().begin(), 0);
  flat_vector(0).copy_from(flat_vector(0));
}

TEST(Vector, SameBitsAreTheSameFormAndContent) {
  const Vector vector = vector_from<double>({0.0, 1.0, std::numeric_limits<double>::quiet_NaN()});
  EXPECT_TRUE(same_bits(vector, vector.copy())) << "also what is not a number";
  EXPECT_FALSE(same_bits(vector, vector_from<double>({-0.0, 1.0, std::nan("")})));
  EXPECT_FALSE(same_bits(vector, vector.part(0, 2)));
  EXPECT_FALSE(same_bits(vector, vector.as(ElementType::int64)));
  EXPECT_FALSE(same_bits(vector, Vector()));
  EXPECT_TRUE(same_bits(Vector(), Vector()));
  EXPECT_TRUE(same_bits(flat_vector(0), flat_vector(0)));
}

TEST(Vector, RequirementNamesTheRole) {
  const Vector vector = flat_vector(8);
  EXPECT_NO_THROW(require_flat(vector, 8, ElementType::float32, "it"));
  EXPECT_THROW(require_flat(vector, 9, ElementType::float32, "it"), Bug);
  EXPECT_THROW(require_flat(vector, 8, ElementType::float64, "it"), Bug);
  EXPECT_THROW(require_flat(flat_vector(8, ElementType::int64), 8, ElementType::int64, "it"), Bug);
  EXPECT_THROW(require_flat(Vector(), 0, ElementType::float32, "it"), Bug);
  try {
    require_flat(vector, 9, ElementType::float32, "the anchor");
  } catch (const Bug& bug) {
    EXPECT_THAT(bug.what(), HasSubstr("the anchor"));
  }
}

TEST(Vector, OnAnotherDeviceIsRefusedByName) {
  const Vector away(std::make_shared<test::OtherDevice>(32), ElementType::float32, 0, 8),
      here = flat_vector(8);
  EXPECT_EQ(away.device().name(), "cuda:0");
  EXPECT_NE(away.address(), nullptr);
  EXPECT_EQ(away.part(2, 3).size(), 3);
  const std::vector<std::function<void()>> uses = {
      [&] { away.data<float>(); },   [&] { away.host(); },          [&] { away.host_bytes(); },
      [&] { away.copy_from(here); }, [&] { here.copy_from(away); }, [&] { away.copy(); },
      [&] { away.fill_zero(); },     [&] { same_bits(away, here); }};
  for (const auto& use : uses) EXPECT_THAT(said(use), HasSubstr("cuda:0"));
  EXPECT_THAT(said([&] { require_flat(away, 8, ElementType::float32, "the anchor"); }),
              HasSubstr("the anchor lies on cuda:0"));
}

TEST(ExchangeMemory, ViewsFollowAndNothingMoves) {
  const Vector a = flat_vector(1000), b = flat_vector(1000);
  for (int64_t i = 0; i < 1000; ++i) a.data<float>()[i] = 1, b.data<float>()[i] = 2;
  const Vector view = a.part(10, 20), other = b.part(0, 1);
  const void* const memory = a.host();
  ASSERT_TRUE(exchange_memory(a, b));
  EXPECT_EQ(b.host(), memory);
  EXPECT_EQ(to_std<float>(a), std::vector<float>(1000, 2));
  EXPECT_EQ(to_std<float>(view), std::vector<float>(20, 2));
  for (int64_t i = 0; i < 20; ++i) view.data<float>()[i] = 3;
  EXPECT_EQ(a.data<float>()[10], 3);
  EXPECT_EQ(other.data<float>()[0], 1);
}

TEST(ExchangeMemory, RefusesPartsAndOtherForms) {
  const Vector whole = flat_vector(8), longer = flat_vector(9), wider = flat_vector(8, ElementType::float64),
               part = longer.part(0, 8), same = whole.part(0, 8), none,
               away(std::make_shared<test::OtherDevice>(32), ElementType::float32, 0, 8);
  for (int64_t i = 0; i < 8; ++i) whole.data<float>()[i] = 1;
  for (const Vector& other : {longer, wider, part, same, none, away}) {
    EXPECT_FALSE(exchange_memory(whole, other));
    EXPECT_FALSE(exchange_memory(other, whole));
  }
  EXPECT_EQ(to_std<float>(whole), std::vector<float>(8, 1));
  EXPECT_EQ(to_std<float>(longer), std::vector<float>(9, 0));
  EXPECT_FALSE(exchange_memory(part, flat_vector(9).part(0, 8))) << "in memories of one size";
}

}  // namespace
}  // namespace muster
