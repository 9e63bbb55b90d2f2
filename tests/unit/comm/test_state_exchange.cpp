#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>
#include <thread>

#include "muster/base/error.h"
#include "muster/comm/state_exchange.h"
#include "muster/comm/thread_group.h"

namespace muster {
namespace {

State some_state(int rank) {
  State state;
  state.numbers.set("rank", int64_t{rank});
  state.numbers.set("endless", std::numeric_limits<double>::infinity());
  state.numbers.set("tiny", 5e-324);
  state.tensors["matrix"] = at::arange(6, at::kDouble).view({2, 3}) + rank;
  state.tensors["empty"] = at::empty({0, 4});
  state.tensors["bytes"] = text_tensor("anchor\0 and more");
  return state;
}

void expect_equal(const State& a, const State& b) {
  EXPECT_EQ(a.numbers, b.numbers);
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (const auto& [name, tensor] : a.tensors) {
    EXPECT_TRUE(at::equal(tensor, b.tensors.at(name))) << name;
    EXPECT_EQ(tensor.scalar_type(), b.tensors.at(name).scalar_type()) << name;
  }
}

TEST(StateExchange, AStateSurvivesPackingToTheBit) {
  expect_equal(unpack(pack(some_state(3))), some_state(3));
}

TEST(StateExchange, DamageIsAnErrorWhereverItIs) {
  const at::Tensor whole = pack(some_state(1));
  for (int64_t length = 0; length < whole.numel(); ++length)
    EXPECT_THROW(unpack(whole.narrow(0, 0, length).clone()), Error) << length;
  EXPECT_THROW(unpack(at::cat({whole, at::zeros({1}, at::kByte)})), Error);
  EXPECT_THROW(unpack(at::full({64}, 255, at::kByte)), Error);
}

// A size or a type that the message cannot hold is refused before memory is asked for.
TEST(StateExchange, DamageOfAnyByteIsAnErrorOrAnotherState) {
  const at::Tensor whole = pack(some_state(1));
  for (int64_t at = 0; at < whole.numel(); ++at)
    for (const int value : {0, 1, 0x28, 0x7f, 0x80, 0xff}) {
      at::Tensor damaged = whole.clone();
      damaged.data_ptr<uint8_t>()[at] = static_cast<uint8_t>(value);
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
