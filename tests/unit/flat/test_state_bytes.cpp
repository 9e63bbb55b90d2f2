#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "muster/base/error.h"
#include "muster/base/random.h"
#include "muster/flat/state_bytes.h"

namespace muster {
namespace {

State some_state() {
  State state;
  state.numbers.set("integer", std::numeric_limits<int64_t>::min());
  state.numbers.set("real", -0.1);
  state.numbers.set("endless", std::numeric_limits<double>::infinity());
  state.tensors["doubles"] = at::arange(7, at::kDouble) / 3;
  state.tensors["matrix"] = at::arange(6, at::kFloat).view({2, 3});
  state.tensors["long"] = at::arange(3, at::kLong);
  state.tensors["bytes"] = at::arange(5, at::kByte);
  state.tensors["empty"] = at::empty({0, 4}, at::kFloat);
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
    EXPECT_EQ(found.tensors.at(name).scalar_type(), tensor.scalar_type()) << name;
    EXPECT_EQ(found.tensors.at(name).sizes(), tensor.sizes()) << name;
    EXPECT_TRUE(found.tensors.at(name).equal(tensor)) << name;
  }
  EXPECT_EQ(bytes_of(found), bytes_of(state));
}

TEST(StateBytes, TakeViewsAsTheirValues) {
  State state;
  state.tensors["columns"] = at::arange(6, at::kFloat).view({2, 3}).t();
  const State found = state_from_bytes(bytes_of(state));
  EXPECT_TRUE(found.tensors.at("columns").equal(state.tensors.at("columns")));
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
