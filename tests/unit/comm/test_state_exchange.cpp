#include <gtest/gtest.h>

#include <limits>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "muster/base/error.h"
#include "muster/comm/state_exchange.h"
#include "muster/comm/thread_group.h"
#include "tests/support/vectors.h"

namespace muster {
namespace {

using test::vector_from;

State some_state(int rank) {
  State state;
  state.numbers.set("rank", int64_t{rank});
  state.numbers.set("endless", std::numeric_limits<double>::infinity());
  state.numbers.set("tiny", 5e-324);
  const Vector matrix = test::counted(6, ElementType::float64);
  for (double& element : std::span(matrix.data<double>(), 6)) element += rank;
  state.tensors["matrix"] = {matrix, {2, 3}};
  state.tensors["empty"] = {flat_vector(0), {0, 4}};
  state.tensors["bytes"] = text_tensor(std::string("anchor\0 and more", 16));
  return state;
}

void expect_equal(const State& a, const State& b) {
  EXPECT_EQ(a.numbers, b.numbers);
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (const auto& [name, tensor] : a.tensors) {
    ASSERT_TRUE(b.tensors.contains(name)) << name;
    EXPECT_TRUE(same_bits(tensor.values, b.tensors.at(name).values)) << name;
    EXPECT_EQ(tensor.shape, b.tensors.at(name).shape) << name;
  }
}

TEST(StateExchange, AStateSurvivesPackingToTheBit) {
  expect_equal(unpack(pack(some_state(3))), some_state(3));
}

TEST(StateExchange, DamageIsAnErrorWhereverItIs) {
  const Vector whole = pack(some_state(1));
  for (int64_t length = 0; length < whole.size(); ++length)
    EXPECT_THROW(unpack(whole.part(0, length).copy()), Error) << length;
  const Vector longer = flat_vector(whole.size() + 1, ElementType::byte);
  longer.part(0, whole.size()).copy_from(whole);
  EXPECT_THROW(unpack(longer), Error);
  EXPECT_THROW(unpack(vector_from(std::vector<uint8_t>(64, 255))), Error);
}

// A size or a type that the message cannot hold is refused before memory is asked for.
TEST(StateExchange, DamageOfAnyByteIsAnErrorOrAnotherState) {
  const Vector whole = pack(some_state(1));
  for (int64_t at = 0; at < whole.size(); ++at)
    for (const int value : {0, 1, 0x28, 0x7f, 0x80, 0xff}) {
      const Vector damaged = whole.copy();
      damaged.data<uint8_t>()[at] = static_cast<uint8_t>(value);
      try {
        unpack(damaged);
      } catch (const Error&) {
        // refused
      } catch (const std::exception& error) {
        FAIL() << "byte " << at << " = " << value << ": " << error.what();
      }
    }
}

TEST(StateExchange, GoesToTheRootAndComesFromIt) {
  auto group = ThreadGroup::make(3);
  std::vector<std::thread> ranks;
  for (int rank = 0; rank < 3; ++rank)
    ranks.emplace_back([&, rank] {
      const Deadline soon = deadline_in(std::chrono::seconds(20));
      Communicator& mine = *group[static_cast<size_t>(rank)];
      const std::vector<State> all = gather_states(mine, some_state(rank), 1, soon);
      ASSERT_EQ(all.size(), rank == 1 ? 3U : 0U);
      for (size_t i = 0; i < all.size(); ++i) expect_equal(all[i], some_state(static_cast<int>(i)));
      expect_equal(scatter_states(mine, all, 1, soon), some_state(rank));
    });
  for (std::thread& rank : ranks) rank.join();
}

}  // namespace
}  // namespace muster
