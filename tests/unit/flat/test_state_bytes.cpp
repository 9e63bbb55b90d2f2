#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "muster/base/error.h"
#include "muster/base/random.h"
#include "muster/flat/state_bytes.h"
#include "tests/support/vectors.h"

namespace muster {
namespace {

using test::counted;
using test::vector_from;

State some_state() {
  State state;
  state.numbers.set("integer", std::numeric_limits<int64_t>::min());
  state.numbers.set("real", -0.1);
  state.numbers.set("endless", std::numeric_limits<double>::infinity());
  state.tensors["doubles"] = vector_from<double>({0.0, 1.0 / 3, 2.0 / 3, 1.0, 4.0 / 3, 5.0 / 3, 2.0});
  state.tensors["matrix"] = ShapedVector(counted(6), {2, 3});
  state.tensors["long"] = counted(3, ElementType::int64);
  state.tensors["bytes"] = counted(5, ElementType::byte);
  state.tensors["empty"] = ShapedVector(flat_vector(0), {0, 4});
  return state;
}

std::string bytes_of(const State& state) {
  std::string all;
  const StateBytes bytes = state_bytes(state);
  for (const auto part : bytes.parts()) all += part;
  return all;
}

TEST(StateBytes, ComeBackBitForBit) {
  const State state = some_state(), found = state_from_bytes(bytes_of(state));
  EXPECT_EQ(found.numbers, state.numbers);
  ASSERT_EQ(found.tensors.size(), state.tensors.size());
  for (const auto& [name, tensor] : state.tensors) {
    EXPECT_EQ(found.tensors.at(name).values.type(), tensor.values.type()) << name;
    EXPECT_EQ(found.tensors.at(name).shape, tensor.shape) << name;
    EXPECT_TRUE(same_bits(found.tensors.at(name).values, tensor.values)) << name;
    EXPECT_FALSE(found.tensors.at(name).values.is_same(tensor.values)) << name;
  }
  EXPECT_EQ(bytes_of(found), bytes_of(state));
}

TEST(StateBytes, TakeViewsAsTheirValues) {
  State state;
  state.tensors["part"] = counted(10, ElementType::float64).part(3, 4);
  const State found = state_from_bytes(bytes_of(state));
  EXPECT_TRUE(same_bits(found.tensors.at("part").values, vector_from<double>({3, 4, 5, 6})));
  EXPECT_TRUE(found.tensors.at("part").values.is_whole());
}

TEST(StateBytes, AreNotCopied) {
  State state;
  const Vector vector = counted(100);
  state.tensors["shared"] = vector;
  const StateBytes bytes = state_bytes(state);
  ASSERT_EQ(bytes.parts().size(), 3U);
  EXPECT_EQ(static_cast<const void*>(bytes.parts()[1].data()), vector.host());
}

TEST(StateBytes, TruncatedAnywhereTheyAreRefused) {
  const std::string whole = bytes_of(some_state());
  for (size_t length = 0; length < whole.size(); ++length)
    EXPECT_THROW(state_from_bytes(std::string_view(whole).substr(0, length)), DataError) << length;
  EXPECT_THROW(state_from_bytes(whole + '\0'), DataError);
}

// Refused, or another state: never a crash, another error or more memory than the bytes could fill.
TEST(StateBytes, AnyBitFlippedIsAnErrorOrAnotherState) {
  const std::string whole = bytes_of(some_state());
  int refused = 0;
  for (size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    try {
      EXPECT_EQ(bytes_of(state_from_bytes(damaged)).size(), whole.size()) << bit;
    } catch (const DataError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 0);
}

TEST(StateBytes, OfStrangersAreAnErrorAndNothingElse) {
  const std::string whole = bytes_of(some_state());
  RandomStream random({.seed = 3});
  int understood = 0;
  for (int round = 0; round < 30000; ++round) {
    std::string bytes = whole;
    for (uint64_t changes = 1 + random.below(4); changes > 0; --changes)
      bytes[random.below(bytes.size())] = static_cast<char>(random.next_u32());
    if (random.below(3) == 0) bytes.resize(random.below(bytes.size()));
    try {
      state_from_bytes(bytes);
      ++understood;
    } catch (const DataError&) {
      continue;
    }
  }
  EXPECT_GT(understood, 0);  // changes within numbers
}

}  // namespace
}  // namespace muster
