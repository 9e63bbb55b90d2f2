// What segments must be, and what is said where they are not.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "muster/base/error.h"
#include "muster/flat/segments.h"

namespace muster {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

using Floats = std::vector<float>;
using Doubles = std::vector<double>;

std::unique_ptr<ParameterSource> source_of(const Segments& segments) {
  return ParametersOf<Segments>::parameters(segments);
}

std::string said(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "no Error";
}

std::string refusal(const Segments& segments) {
  return said([&] { source_of(segments); });
}

TEST(SegmentsFoundAgain, MustHaveTheFormsThatTheyHad) {
  Floats memory(12);
  Doubles wide(12);
  const std::vector<Segment> before = {{memory.data(), {2, 3}},
                                       {.values = memory.data() + 6, .shape = {2}, .name = "bias"}};
  std::vector<Segment> now = before;
  const auto source = source_of(Segments(before, [&] { return now; }));
  const auto refused = [&](const std::vector<Segment>& found) {
    now = found;
    return said([&] { source->refresh(); });
  };
  EXPECT_THAT(refused({before[0], {memory.data() + 6, {3}}}),
              HasSubstr("segment 'bias' was found again with another shape, strides or type"));
  EXPECT_THAT(refused({{.values = memory.data(), .shape = {2, 3}, .strides = {1, 2}}, before[1]}),
              HasSubstr("segment 0 was found again"));
  EXPECT_THAT(refused({before[0], {wide.data(), {2}, ElementType::float64}}), HasSubstr("'bias' was found"));
  EXPECT_THAT(refused({before[0], {.values = memory.data() + 6, .shape = {2}, .trained = false}}),
              HasSubstr("'bias' was found"));
  EXPECT_THAT(refused({before[0]}), HasSubstr("found again are 1, and were 2"));
  EXPECT_THAT(refused({before[0], {nullptr, {2}}}), HasSubstr("null pointer"));
  EXPECT_EQ(source->size(), 8) << "after a refusal they are where they were";
  EXPECT_EQ(refused({{.values = memory.data(), .shape = {2, 3}, .strides = {3, 1}}, before[1]}), "no Error")
      << "the same strides, written out";
}

TEST(Segments, FingerprintIsThatOfTheForms) {
  Floats memory(24), other(24);
  Doubles wide(24);
  const auto print = [](const Segment& segment) {
    Floats last(1);
    return source_of({segment, {last.data(), {1}}})->fingerprint();
  };
  const Segment segment{.values = memory.data(), .shape = {2, 3}};
  const int64_t usual = print(segment);
  EXPECT_EQ(print({.values = other.data(), .shape = {2, 3}, .strides = {3, 1}, .name = "other"}), usual);
  const Segment others[] = {
      {.values = memory.data(), .shape = {3, 2}},
      {.values = memory.data(), .shape = {6}},
      {.values = memory.data(), .shape = {2, 3}, .strides = {1, 2}},
      {.values = memory.data(), .shape = {2, 3}, .trained = false},
      {.values = wide.data(), .shape = {2, 3}, .type = ElementType::float64, .trained = false}};
  std::vector<int64_t> prints = {usual};
  for (const Segment& different : others) prints.push_back(print(different));
  std::sort(prints.begin(), prints.end());
  EXPECT_EQ(std::adjacent_find(prints.begin(), prints.end()), prints.end()) << "two forms have one print";
}

TEST(Segments, ThoseThatCannotBeTakenAreNamed) {
  Floats memory(100);
  float* const at = memory.data();
  std::vector<int64_t> whole(4);
  Doubles wide(4);
  const auto with = [&](std::vector<int64_t> shape, std::vector<int64_t> strides) {
    return refusal(
        {{at, {1}}, {.values = at + 10, .shape = std::move(shape), .strides = std::move(strides)}});
  };
  EXPECT_THAT(refusal({}), HasSubstr("nothing to average"));
  EXPECT_THAT(refusal({{.values = at, .shape = {2}, .trained = false}}), HasSubstr("no segment is trained"));
  EXPECT_THAT(refusal({{at, {2}}, {.shape = {3}, .name = "bias"}}),
              HasSubstr("segment 'bias' has elements and a null pointer to them"));
  EXPECT_THAT(with({2, -1}, {}), HasSubstr("segment 1 has a size of -1"));
  EXPECT_THAT(with({2, 2}, {1}), HasSubstr("segment 1 has 1 strides for 2 dimensions"));
  EXPECT_THAT(with({2, 3}, {1, 1}), HasSubstr("segment 1 has strides that let elements share memory"));
  EXPECT_THAT(with({2, 3}, {2, 1}), HasSubstr("share memory"));
  EXPECT_THAT(with({3}, {0}), HasSubstr("share memory")) << "one element for all, as of a broadcast";
  EXPECT_THAT(with({3}, {-1}), HasSubstr("segment 1 has a stride of -1"));
  EXPECT_THAT(with({int64_t{1} << 40, int64_t{1} << 40}, {}), HasSubstr("more elements than any memory"));
  EXPECT_THAT(with({2, 3}, {INT64_MAX / 2, 1}), HasSubstr("beyond any memory"));
  EXPECT_THAT(refusal({{at, {2}}, {whole.data(), {2}, ElementType::int64}}),
              AllOf(HasSubstr("segment 1 is of type Long"), HasSubstr("Float or Double")));
  EXPECT_THAT(refusal({{at, {2}}, {wide.data(), {2}, ElementType::float64}}),
              AllOf(HasSubstr("segment 1 is trained in Double"), HasSubstr("Float")));
  EXPECT_EQ(with({1, 3}, {-7, 1}), "no Error") << "the stride of a single index is never used";
  EXPECT_EQ(with({0, 3}, {0, 0}), "no Error");
}

TEST(Segments, ThatShareMemoryAreNamed) {
  Floats memory(100);
  float* const at = memory.data();
  const auto share = "segment 1 shares memory with segment 0";
  EXPECT_THAT(refusal({{at, {4}}, {at, {4}}}), HasSubstr("shares memory with"));
  EXPECT_THAT(refusal({{at, {4}}, {at + 3, {4}}}), HasSubstr(share));
  EXPECT_THAT(refusal({{at, {50}}, {at + 10, {1}}}), HasSubstr(share));
  EXPECT_THAT(refusal({{at + 3, {4}}, {at, {4}}}), HasSubstr("segment 0 shares memory with segment 1"));
  EXPECT_THAT(refusal({{at, {50}}, {at + 60, {2}}, {.values = at + 20, .shape = {2}, .trained = false}}),
              HasSubstr("segment 2 shares memory with segment 0"))
      << "also a frozen one";
  EXPECT_THAT(refusal({{.values = at, .shape = {4}, .strides = {2}},
                       {.values = at + 1, .shape = {4}, .strides = {2}}}),
              HasSubstr(share))
      << "in the gaps of another";
  EXPECT_THAT(refusal({{.values = at, .shape = {4}, .strides = {2}}, {at + 5, {1}}}), HasSubstr(share))
      << "in its last gap";
  EXPECT_EQ(refusal({{.values = at, .shape = {4}, .strides = {2}}, {at + 7, {1}}}), "no Error");
  EXPECT_THAT(refusal({{.values = at, .shape = {4}, .gradient = at}}),
              AllOf(HasSubstr("the gradient of segment 0"), HasSubstr("shares memory")));
  EXPECT_THAT(
      refusal({{at, {4}, ElementType::float32, at + 20}, {at + 10, {4}, ElementType::float32, at + 22}}),
      HasSubstr("the gradient of segment 1 shares memory with the gradient of segment 0"));
  EXPECT_EQ(refusal({{at, {4}, ElementType::float32, at + 8}, {at + 4, {4}}, {at + 5, {0}}}), "no Error")
      << "neighbours, and one without elements";
}

}  // namespace
}  // namespace muster
