// A model's tensors by name, out of its flat vectors and back into them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "muster/base/error.h"
#include "muster/checkpoint/averaged_model.h"
#include "tests/support/vectors.h"

namespace muster {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using Tensors = std::map<std::string, StoredTensor>;

Layout parameters() {
  Layout layout;
  layout.add("weight", {2, 3});
  layout.add("bias", {4});
  return layout;
}

Layout buffers() {
  Layout layout;
  layout.add("running_mean", {2});
  return layout;
}

Tensors tensors() {
  const NamedTensors named = named_tensors(parameters(), test::counted(10), buffers(), test::counted(2));
  return {named.begin(), named.end()};
}

TEST(AveragedModel, ItsTensorsAreViewsInOrder) {
  const Vector vector = test::counted(10), statistics = test::counted(2);
  const NamedTensors named = named_tensors(parameters(), vector, buffers(), statistics);
  ASSERT_EQ(named.size(), 3U);
  EXPECT_EQ(named[0].first, "weight");
  EXPECT_EQ(named[0].second.shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(named[0].second.content.address(), vector.address());
  EXPECT_EQ(named[1].first, "bias");
  EXPECT_EQ(named[1].second.content.address(), vector.part(6, 4).address());
  EXPECT_EQ(named[2].first, "running_mean");
  EXPECT_EQ(named[2].second.content.address(), statistics.address());
}

TEST(AveragedModel, ComesBackInEitherType) {
  for (const ElementType type : {ElementType::float32, ElementType::float64}) {
    Vector vector = flat_vector(10, type), statistics = flat_vector(2, type);
    fill_from_tensors("file", tensors(), parameters(), vector, buffers(), statistics);
    EXPECT_TRUE(same_bits(vector, test::counted(10, type)));
    EXPECT_TRUE(same_bits(statistics, test::counted(2, type)));
  }
}

TEST(AveragedModel, TakesHalves) {
  Tensors file = tensors();
  const std::vector<uint16_t> halves = {0x3C00, 0xC000, 0x0001, 0x8000};  // 1, -2, 2^-24, -0
  Vector content = uninitialised_vector(8, ElementType::byte);
  std::memcpy(content.host(), halves.data(), 8);
  file["bias"] = {StoredType::f16, {4}, content};
  Vector vector = flat_vector(10), statistics = flat_vector(2);
  fill_from_tensors("file", file, parameters(), vector, buffers(), statistics);
  EXPECT_TRUE(same_bits(vector.part(6, 4), test::vector_from<float>({1, -2, 0x1p-24f, -0.0f})));
}

std::string refusal(const std::function<void(Tensors&)>& change) {
  Tensors file = tensors();
  change(file);
  Vector vector = flat_vector(10), statistics = flat_vector(2);
  try {
    fill_from_tensors("some.safetensors", file, parameters(), vector, buffers(), statistics);
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

TEST(AveragedModel, AnotherModelsTensorsAreRefused) {
  EXPECT_EQ(refusal([](Tensors&) {}), "");
  EXPECT_THAT(refusal([](Tensors& file) { file.erase("bias"); }),
              AllOf(HasSubstr("some.safetensors"), HasSubstr("no tensor 'bias'")));
  EXPECT_THAT(refusal([](Tensors& file) {
                file["weight"].shape = {3, 2};
              }),
              HasSubstr("'weight' has shape [3, 2], the model wants [2, 3]"));
  EXPECT_THAT(
      refusal([](Tensors& file) { file["bias"] = ShapedVector(test::counted(4, ElementType::int64)); }),
      HasSubstr("of a floating type"));
  EXPECT_THAT(refusal([](Tensors& file) { file["more"] = ShapedVector(test::counted(1)); }),
              HasSubstr("'more' that the model does not know"));
  EXPECT_EQ(refusal([](Tensors& file) {
              file["norm.num_batches_tracked"] = ShapedVector(test::counted(1, ElementType::int64), {});
            }),
            "");
}

}  // namespace
}  // namespace muster
