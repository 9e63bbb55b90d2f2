// Tensors as files hold them: what they weigh, what they are called, and the numbers that come of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "muster/base/error.h"
#include "muster/checkpoint/stored_tensor.h"
#include "tests/support/vectors.h"

namespace muster {
namespace {

using testing::HasSubstr;

StoredTensor halves(StoredType type, const std::vector<uint16_t>& bits) {
  Vector content = uninitialised_vector(static_cast<int64_t>(2 * bits.size()), ElementType::byte);
  std::memcpy(content.host(), bits.data(), 2 * bits.size());
  return {type, {static_cast<int64_t>(bits.size())}, content};
}

std::vector<uint16_t> all_bits() {
  std::vector<uint16_t> bits(1 << 16);
  std::iota(bits.begin(), bits.end(), uint16_t{0});
  return bits;
}

uint32_t bits_of(float value) { return std::bit_cast<uint32_t>(value); }

TEST(StoredType, HasTheNameAndTheWidthOfTheFormat) {
  const std::vector<std::pair<std::string, int64_t>> expected = {
      {"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2}, {"I64", 8},
      {"I32", 4}, {"I16", 2}, {"I8", 1},  {"U8", 1},   {"BOOL", 1}};
  ASSERT_EQ(std::size(stored_types), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(name_of(stored_types[i]), expected[i].first);
    EXPECT_EQ(bytes_of(stored_types[i]), expected[i].second) << expected[i].first;
    EXPECT_EQ(is_floating(stored_types[i]), i < 4) << expected[i].first;
  }
  EXPECT_EQ(std::set<StoredType>(std::begin(stored_types), std::end(stored_types)).size(), expected.size());
}

TEST(StoredTensor, OfAVectorSharesItsMemoryBothWays) {
  for (const auto& [element, type] :
       {std::pair(ElementType::float32, StoredType::f32), std::pair(ElementType::float64, StoredType::f64),
        std::pair(ElementType::int64, StoredType::i64), std::pair(ElementType::byte, StoredType::u8)}) {
    const Vector part = test::counted(12, element).part(4, 6);
    const StoredTensor stored = ShapedVector(part, {2, 3});
    EXPECT_EQ(stored.type, type);
    EXPECT_EQ(stored.shape, (std::vector<int64_t>{2, 3}));
    EXPECT_EQ(stored.elements(), 6);
    EXPECT_EQ(stored.content.type(), ElementType::byte);
    EXPECT_EQ(stored.content.address(), part.address());
    const ShapedVector back = stored.values("x");
    EXPECT_EQ(back.shape, stored.shape);
    EXPECT_TRUE(back.values.is_same(part)) << name_of(type);
  }
}

TEST(StoredTensor, TypesThatVectorsDoNotHaveAreRefusedByName) {
  for (const StoredType type : {StoredType::f16, StoredType::bf16, StoredType::i32, StoredType::i16,
                                StoredType::i8, StoredType::boolean}) {
    const StoredTensor stored(type, {2}, flat_vector(2 * bytes_of(type), ElementType::byte));
    try {
      stored.values("transformer.h.0");
      FAIL() << name_of(type);
    } catch (const DataError& error) {
      EXPECT_THAT(error.what(),
                  HasSubstr("'transformer.h.0' is of type " + std::string(name_of(type)) + ":"));
      EXPECT_THAT(error.what(), HasSubstr("F32, F64, I64 or U8"));
    }
  }
}

TEST(StoredTensor, RealNumbersAreMadeOfRealNumbersOnly) {
  for (const StoredType type : stored_types) {
    const StoredTensor stored(type, {2}, flat_vector(2 * bytes_of(type), ElementType::byte));
    if (!is_floating(type)) {
      EXPECT_THROW(stored.reals(ElementType::float32), Bug) << name_of(type);
      continue;
    }
    EXPECT_THROW(stored.reals(ElementType::int64), Bug) << name_of(type);
    EXPECT_EQ(test::to_std<float>(stored.reals(ElementType::float32)), (std::vector<float>{0, 0}));
    EXPECT_EQ(test::to_std<double>(stored.reals(ElementType::float64)), (std::vector<double>{0, 0}));
  }
}

/// The number that 16 bits mean: sign, exponent and mantissa as IEEE 754 has them.
double meaning(uint16_t bits, int mantissa_bits, int exponent_bias) {
  const int mantissa = bits & ((1 << mantissa_bits) - 1);
  const int exponent = (bits & 0x7FFF) >> mantissa_bits, highest = 0x7FFF >> mantissa_bits;
  double magnitude = std::ldexp((1 << mantissa_bits) + mantissa, exponent - exponent_bias - mantissa_bits);
  if (exponent == 0) magnitude = std::ldexp(mantissa, 1 - exponent_bias - mantissa_bits);
  if (exponent == highest)
    magnitude =
        mantissa == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  return std::copysign(magnitude, (bits & 0x8000) != 0 ? -1.0 : 1.0);
}

struct Half {
  StoredType type;
  int mantissa_bits, exponent_bias;
};

// -0, infinities, numbers that are none and those without an exponent are among them.
TEST(StoredTensor, EveryHalfBecomesTheNumberItMeans) {
  for (const Half& half : {Half{StoredType::f16, 10, 15}, Half{StoredType::bf16, 7, 127}}) {
    const std::vector<uint16_t> all = all_bits();
    const StoredTensor stored = halves(half.type, all);
    const Vector single = stored.reals(ElementType::float32), wide = stored.reals(ElementType::float64);
    ASSERT_EQ(single.type(), ElementType::float32);
    ASSERT_EQ(wide.type(), ElementType::float64);
    for (const uint16_t bits : all) {
      const double expected = meaning(bits, half.mantissa_bits, half.exponent_bias);
      const float narrow = single.data<float>()[bits];
      const double broad = wide.data<double>()[bits];
      if (std::isnan(expected)) {
        ASSERT_TRUE(std::isnan(narrow) && std::isnan(broad)) << bits;
        continue;
      }
      ASSERT_EQ(bits_of(narrow), bits_of(static_cast<float>(expected))) << bits;
      ASSERT_EQ(std::bit_cast<uint64_t>(broad), std::bit_cast<uint64_t>(expected)) << bits;
    }
  }
}

TEST(StoredTensor, SomeHalvesWrittenOut) {
  const float inf = std::numeric_limits<float>::infinity();
  const Vector from_f16 =
      halves(StoredType::f16, {0x0000, 0x8000, 0x3C00, 0xC000, 0x7BFF, 0x0001, 0x83FF, 0x7C00, 0xFC00})
          .reals(ElementType::float32);
  EXPECT_EQ(test::to_std<float>(from_f16),
            (std::vector<float>{0, -0.0f, 1, -2, 65504, 0x1p-24f, -1023 * 0x1p-24f, inf, -inf}));
  EXPECT_TRUE(std::signbit(from_f16.data<float>()[1]));
  const Vector from_bf16 =
      halves(StoredType::bf16, {0x8000, 0x3F80, 0xC049, 0x7F7F, 0x0001, 0x807F, 0x7F80, 0xFF80})
          .reals(ElementType::float32);
  EXPECT_EQ(test::to_std<float>(from_bf16),
            (std::vector<float>{-0.0f, 1, -3.140625f, 0x1.FEp127f, 0x1p-133f, -127 * 0x1p-133f, inf, -inf}));
  EXPECT_TRUE(std::signbit(from_bf16.data<float>()[0]));
}

TEST(StoredTensor, SinglesBecomeDoublesAndTheSameSinglesAgain) {
  const float inf = std::numeric_limits<float>::infinity();
  const std::vector<float> values = {0,
                                     -0.0f,
                                     1.0f / 3,
                                     -3e-42f,
                                     std::numeric_limits<float>::denorm_min(),
                                     std::numeric_limits<float>::max(),
                                     inf,
                                     -inf,
                                     std::nanf("")};
  const StoredTensor singles = ShapedVector(test::vector_from(values));
  const Vector doubles = singles.reals(ElementType::float64);
  ASSERT_EQ(doubles.size(), static_cast<int64_t>(values.size()));
  for (size_t i = 0; i + 1 < values.size(); ++i)
    EXPECT_EQ(std::bit_cast<uint64_t>(doubles.data<double>()[i]),
              std::bit_cast<uint64_t>(static_cast<double>(values[i])))
        << values[i];
  EXPECT_TRUE(std::isnan(doubles.data<double>()[values.size() - 1]));
  const Vector again = StoredTensor(ShapedVector(doubles)).reals(ElementType::float32);
  for (size_t i = 0; i + 1 < values.size(); ++i)
    EXPECT_EQ(bits_of(again.data<float>()[i]), bits_of(values[i])) << values[i];
  EXPECT_TRUE(std::isnan(again.data<float>()[values.size() - 1]));
}

TEST(StoredTensor, DoublesAreRoundedToTheNearestSingle) {
  const double next = 1 + 0x1p-23, half = 0x1p-24, inf = std::numeric_limits<double>::infinity();
  const StoredTensor doubles =
      ShapedVector(test::vector_from<double>({1 + half, next + half, 1 + 1.5 * half, 1e300, -1e-300, -inf}));
  const Vector singles = doubles.reals(ElementType::float32);
  EXPECT_EQ(test::to_std<float>(singles),
            (std::vector<float>{1, 1 + 0x1p-22f, 1 + 0x1p-23f, std::numeric_limits<float>::infinity(), -0.0f,
                                -std::numeric_limits<float>::infinity()}));
  EXPECT_TRUE(std::signbit(singles.data<float>()[4]));
}

TEST(StoredTensor, WhatNeedsNoChangeSharesMemory) {
  const StoredTensor singles = ShapedVector(test::counted(5)),
                     doubles = ShapedVector(test::counted(5, ElementType::float64));
  EXPECT_EQ(singles.reals(ElementType::float32).address(), singles.content.address());
  EXPECT_EQ(doubles.reals(ElementType::float64).address(), doubles.content.address());
  EXPECT_NE(singles.reals(ElementType::float64).address(), singles.content.address());
  EXPECT_EQ(test::to_std<float>(singles.reals(ElementType::float32)), (std::vector<float>{0, 1, 2, 3, 4}));
}

TEST(StoredTensor, NoElementsAreNone) {
  for (const StoredType type : stored_types) {
    const StoredTensor none(type, {0, 4}, flat_vector(0, ElementType::byte));
    EXPECT_EQ(none.elements(), 0);
    if (is_floating(type)) {
      EXPECT_EQ(none.reals(ElementType::float64).size(), 0) << name_of(type);
    }
  }
}

}  // namespace
}  // namespace muster
