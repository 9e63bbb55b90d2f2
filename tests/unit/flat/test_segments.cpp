#include <gmock/gmock.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "muster/base/error.h"
#include "muster/base/random.h"
#include "muster/flat/arithmetic.h"
#include "muster/flat/segments.h"
#include "tests/support/vectors.h"

namespace muster {
namespace {

using test::counted;
using test::to_std;
using test::vector_from;
using ::testing::HasSubstr;

using Floats = std::vector<float>;
using Doubles = std::vector<double>;

Floats count_from(float first, size_t size) {
  Floats values(size);
  std::iota(values.begin(), values.end(), first);
  return values;
}

std::unique_ptr<ParameterSource> source_of(const Segments& segments) {
  return ParametersOf<Segments>::parameters(segments);
}

Vector packed(const ParameterSource& source) {
  const Vector vector = flat_vector(source.size(), source.type());
  source.pack(vector);
  return vector;
}

Vector packed_gradients(const ParameterSource& source) {
  const Vector vector = flat_vector(source.size() + source.count(), source.type());
  fill(vector, 99);  // of an earlier step
  source.pack_gradients(vector);
  return vector;
}

std::string said(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "no Error";
}

TEST(Segments, LieOneBehindTheOtherInTheirOrder) {
  Floats weight = count_from(0, 6), bias = {10, 11}, scalar = {20}, none;
  const auto source =
      source_of({{weight.data(), {2, 3}}, {bias.data(), {2}}, {none.data(), {0, 4}}, {scalar.data(), {}}});
  EXPECT_EQ(source->type(), ElementType::float32);
  EXPECT_EQ(source->size(), 9);
  EXPECT_EQ(source->count(), 4);
  EXPECT_EQ(source->frozen_bytes(), 0);
  EXPECT_TRUE(source->device().is_cpu());
  EXPECT_FALSE(source->whole().defined()) << "a meeting may exchange the memory of a whole one";
  EXPECT_EQ(to_std<float>(packed(*source)), (Floats{0, 1, 2, 3, 4, 5, 10, 11, 20}));
  source->unpack(vector_from<float>({9, 8, 7, 6, 5, 4, 3, 2, 1}));
  EXPECT_EQ(weight, (Floats{9, 8, 7, 6, 5, 4}));
  EXPECT_EQ(bias, (Floats{3, 2}));
  EXPECT_EQ(scalar, (Floats{1}));
}

TEST(Segments, GapsBetweenRowsAreLeftAlone) {
  Floats rows = count_from(0, 14);  // three rows of 4 in 5 places each
  const auto source = source_of({{.values = rows.data(), .shape = {3, 4}, .strides = {5, 1}}});
  EXPECT_EQ(to_std<float>(packed(*source)), (Floats{0, 1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 13}));
  source->unpack(flat_vector(12));
  EXPECT_EQ(rows, (Floats{0, 0, 0, 0, 4, 0, 0, 0, 0, 9, 0, 0, 0, 0}));
}

TEST(Segments, TransposedOnesArePackedByTheirIndices) {
  Floats columns = count_from(0, 6);  // element (i, j) at i + 2 j
  const auto source = source_of({{.values = columns.data(), .shape = {2, 3}, .strides = {1, 2}}});
  EXPECT_EQ(to_std<float>(packed(*source)), (Floats{0, 2, 4, 1, 3, 5}));
  source->unpack(vector_from<float>({1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(columns, (Floats{1, 4, 2, 5, 3, 6}));
}

TEST(Segments, OfFloat64KeepEveryBit) {
  Doubles values = {1.0 / 3, -0.0, 1e-310};
  const auto source = source_of({{values.data(), {3}, ElementType::float64}});
  EXPECT_EQ(source->type(), ElementType::float64);
  const Vector vector = packed(*source);
  EXPECT_TRUE(same_bits(vector, vector_from(values)));
  source->unpack(vector_from<double>({1e300, 2, 3}));
  EXPECT_EQ(values, (Doubles{1e300, 2, 3}));
}

/// Element (index) of a segment by the formula of its strides.
float& element(Floats& memory, const std::vector<int64_t>& strides, const std::vector<int64_t>& index) {
  const int64_t at = std::inner_product(index.begin(), index.end(), strides.begin(), int64_t{0});
  return memory.at(static_cast<size_t>(at));
}

/// Strides of a random order of the dimensions, with random gaps.
std::vector<int64_t> random_strides(const std::vector<int64_t>& shape, RandomStream& random) {
  std::vector<size_t> order(shape.size());
  std::iota(order.begin(), order.end(), size_t{0});
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  std::vector<int64_t> strides(shape.size());
  int64_t step = 1;
  for (const size_t d : order) {
    strides[d] = step + static_cast<int64_t>(random.below(2));
    step = strides[d] * shape[d];
  }
  return strides;
}

TEST(Segments, OfAnyOrderAndGapsFollowTheFormula) {
  RandomStream random({.seed = 4});
  for (int round = 0; round < 300; ++round) {
    std::vector<int64_t> shape(random.below(5));
    for (int64_t& size : shape) size = 1 + static_cast<int64_t>(random.below(4));
    const std::vector<int64_t> strides = random_strides(shape, random);
    int64_t elements = 1, reach = 1;
    for (size_t d = 0; d < shape.size(); ++d) elements *= shape[d], reach += (shape[d] - 1) * strides[d];
    Floats memory(static_cast<size_t>(reach), -1);
    const auto source = source_of({{.values = memory.data(), .shape = shape, .strides = strides}});
    ASSERT_EQ(source->size(), elements);
    const Vector vector = counted(elements);
    source->unpack(vector);
    std::vector<int64_t> index(shape.size(), 0);
    for (int64_t i = 0; i < elements; ++i) {
      ASSERT_EQ(element(memory, strides, index), static_cast<float>(i)) << "round " << round;
      for (size_t d = shape.size(); d-- > 0 && ++index[d] == shape[d];) index[d] = 0;
    }
    EXPECT_EQ(std::count(memory.begin(), memory.end(), -1.0F), reach - elements) << "gaps are left alone";
    EXPECT_TRUE(same_bits(packed(*source), vector));
  }
}

TEST(Segments, FrozenOnesOfAnyTypeAreApart) {
  Floats trained = {1, 2}, also = {3};
  Doubles frozen = {4, 5, 6, 7};  // 2 x 2 in columns
  std::vector<int64_t> counts = {8, 9};
  std::vector<uint8_t> flags = {1, 0, 1};
  const auto source =
      source_of({{.values = frozen.data(),
                  .shape = {2, 2},
                  .type = ElementType::float64,
                  .strides = {1, 2},
                  .trained = false},
                 {trained.data(), {2}},
                 {.values = counts.data(), .shape = {2}, .type = ElementType::int64, .trained = false},
                 {also.data(), {1}},
                 {.values = flags.data(), .shape = {3}, .type = ElementType::byte, .trained = false}});
  EXPECT_EQ(source->size(), 3);
  EXPECT_EQ(source->count(), 2);
  EXPECT_EQ(source->type(), ElementType::float32);
  EXPECT_EQ(to_std<float>(packed(*source)), (Floats{1, 2, 3}));
  ASSERT_EQ(source->frozen_bytes(), 4 * 8 + 2 * 8 + 3);
  const Vector bytes = flat_vector(source->frozen_bytes(), ElementType::byte);
  source->pack_frozen(bytes);
  EXPECT_EQ(to_std<double>(bytes.part(0, 32).as(ElementType::float64)), (Doubles{4, 6, 5, 7}));
  EXPECT_EQ(to_std<int64_t>(bytes.part(32, 16).as(ElementType::int64)), (std::vector<int64_t>{8, 9}));
  EXPECT_EQ(to_std<uint8_t>(bytes.part(48, 3)), flags);
}

TEST(Segments, FrozenBytesComeBack) {
  Floats trained = {1};
  Doubles frozen = {4, 5, 6, 7};
  std::vector<uint8_t> flags = {1, 0, 1};
  const auto source =
      source_of({{trained.data(), {1}},
                 {.values = frozen.data(),
                  .shape = {2, 2},
                  .type = ElementType::float64,
                  .strides = {1, 2},
                  .trained = false},
                 {.values = flags.data(), .shape = {3}, .type = ElementType::byte, .trained = false}});
  const Vector bytes = flat_vector(source->frozen_bytes(), ElementType::byte);
  source->pack_frozen(bytes);
  std::fill(frozen.begin(), frozen.end(), 0.0);
  std::fill(flags.begin(), flags.end(), uint8_t{9});
  source->unpack_frozen(bytes);
  EXPECT_EQ(frozen, (Doubles{4, 5, 6, 7}));
  EXPECT_EQ(flags, (std::vector<uint8_t>{1, 0, 1}));
  EXPECT_EQ(trained, (Floats{1}));
}

TEST(SegmentGradients, TravelWithAMarkForEach) {
  Floats a(4), b(2), c(3), gradient_a = {1, 2, 3, 4}, gradient_c = {5, 6, 7};
  const auto source =
      source_of({{.values = a.data(), .shape = {2, 2}, .gradient = gradient_a.data(), .strides = {1, 2}},
                 {b.data(), {2}},
                 {.values = c.data(), .shape = {3}, .gradient = gradient_c.data()}});
  const Vector vector = packed_gradients(*source);
  EXPECT_EQ(to_std<float>(vector), (Floats{1, 3, 2, 4, 0, 0, 5, 6, 7, 1, 0, 1})) << "b has none";
  source->unpack_gradients(vector_from<float>({10, 20, 30, 40, 50, 60, 70, 80, 90, 1, 0, 1}));
  EXPECT_EQ(gradient_a, (Floats{10, 30, 20, 40}));
  EXPECT_EQ(gradient_c, (Floats{70, 80, 90}));
  EXPECT_EQ(a, Floats(4)) << "values stay";
}

TEST(SegmentGradients, OfFloat64AndOfFrozenOnes) {
  Doubles values(2), gradient = {0.1, 0.2}, frozen(1), of_frozen = {7};
  const auto source = source_of({{values.data(), {2}, ElementType::float64, gradient.data()},
                                 {.values = frozen.data(),
                                  .shape = {1},
                                  .type = ElementType::float64,
                                  .gradient = of_frozen.data(),
                                  .trained = false}});
  EXPECT_EQ(to_std<double>(packed_gradients(*source)), (Doubles{0.1, 0.2, 1}));
  source->unpack_gradients(vector_from<double>({3, 4, 1}));
  EXPECT_EQ(gradient, (Doubles{3, 4}));
  EXPECT_EQ(of_frozen, (Doubles{7}));
}

// The mean of the marks says so on every rank, whether it has the gradient or not; nothing is written.
TEST(SegmentGradients, OnSomeRanksOnlyAreAnErrorOnEach) {
  for (const bool here : {true, false}) {
    Floats a(1), b(2), gradient_a = {1}, gradient_b = {2, 3};
    const auto source = source_of(
        {{.values = a.data(), .shape = {1}, .gradient = gradient_a.data()},
         {.values = b.data(), .shape = {2}, .gradient = here ? gradient_b.data() : nullptr, .name = "bias"}});
    EXPECT_THAT(said([&] {
                  source->unpack_gradients(vector_from<float>({9, 9, 9, 1, 0.75F}));
                }),
                HasSubstr("segment 'bias' has a gradient on some ranks only"));
    EXPECT_EQ(gradient_a, (Floats{1}));
    EXPECT_EQ(gradient_b, (Floats{2, 3}));
  }
}

TEST(SegmentGradients, OnNoRankAreNone) {
  Floats a(2);
  const auto source = source_of({{a.data(), {2}}});
  EXPECT_EQ(to_std<float>(packed_gradients(*source)), (Floats{0, 0, 0}));
  source->unpack_gradients(flat_vector(3));
  EXPECT_EQ(a, Floats(2));
}

TEST(SegmentsFoundAgain, AreReadAndWrittenWhereTheyAreNow) {
  Floats first = {1, 2, 3}, second = {4, 5, 6}, gradient = {7, 8, 9};
  bool moved = false;
  const auto where = [&] {
    return std::vector<Segment>{{.values = moved ? second.data() : first.data(),
                                 .shape = {3},
                                 .gradient = moved ? gradient.data() : nullptr}};
  };
  const auto source = source_of(Segments(where(), where));
  EXPECT_EQ(to_std<float>(packed(*source)), first);
  moved = true;
  source->refresh();
  EXPECT_EQ(to_std<float>(packed(*source)), second);
  EXPECT_EQ(to_std<float>(packed_gradients(*source)), (Floats{7, 8, 9, 1}));
  source->unpack(flat_vector(3));
  EXPECT_EQ(first, (Floats{1, 2, 3}));
  EXPECT_EQ(second, (Floats{0, 0, 0}));
}

TEST(SegmentValues, AreTakenByTypeAndIntegersLeftAlone) {
  Floats mean = {1, 2};
  Doubles variance = {3, 4, 5, 6};  // in columns
  std::vector<int64_t> batches = {7};
  const auto values = ParametersOf<Segments>::values(
      {{mean.data(), {2}},
       {batches.data(), {1}, ElementType::int64},
       {.values = variance.data(), .shape = {2, 2}, .type = ElementType::float64, .strides = {1, 2}}});
  EXPECT_EQ(values->size(ElementType::float32), 2);
  EXPECT_EQ(values->size(ElementType::float64), 4);
  const Vector floats = flat_vector(2), doubles = flat_vector(4, ElementType::float64);
  values->pack(ElementType::float32, floats);
  values->pack(ElementType::float64, doubles);
  EXPECT_EQ(to_std<float>(floats), mean);
  EXPECT_EQ(to_std<double>(doubles), (Doubles{3, 5, 4, 6}));
  values->unpack(ElementType::float32, vector_from<float>({8, 9}));
  values->unpack(ElementType::float64, vector_from<double>({1, 2, 3, 4}));
  EXPECT_EQ(mean, (Floats{8, 9}));
  EXPECT_EQ(variance, (Doubles{1, 3, 2, 4}));
  EXPECT_EQ(batches, (std::vector<int64_t>{7}));
}

TEST(SegmentValues, AreThoseFoundAgain) {
  Floats now = {1, 2};
  Segments segments({{nullptr, {2}}}, [&] { return std::vector<Segment>{{now.data(), {2}}}; });
  const auto values = ParametersOf<Segments>::values(segments);
  const Vector vector = flat_vector(2);
  values->pack(ElementType::float32, vector);
  EXPECT_EQ(to_std<float>(vector), now);
}

}  // namespace
}  // namespace muster
