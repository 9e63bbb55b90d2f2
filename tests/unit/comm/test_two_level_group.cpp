#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "muster/comm/grouping.h"
#include "muster/comm/thread_group.h"
#include "tests/contract/communicator_contract.h"
#include "tests/unit/comm/codec/in_blocks.h"

namespace muster {
namespace {

using contract::filled;
using test::broken_promises;
using test::in_blocks;
using testing::HasSubstr;
using testing::IsEmpty;

contract::Group threads(int size, const std::string&) { return ThreadGroup::make(size); }

TEST(TwoLevelGroup, KeepsTheContractOverThreads) {
  for (const auto& [size, block] : {std::pair{4, 2}, {6, 3}, {3, 1}, {1, 1}})
    EXPECT_THAT(broken_promises(size, block, threads), IsEmpty()) << size << " in blocks of " << block;
}

/// Counts the elements that a rank hands to means and parts.
class Counting final : public Communicator {
 public:
  Counting(std::unique_ptr<Communicator> inner, std::atomic<int64_t>& elements)
      : inner_(std::move(inner)), elements_(elements) {}
  int rank() const override { return inner_->rank(); }
  int size() const override { return inner_->size(); }
  std::unique_ptr<Pending> start_mean(const Vector& vector, Vector& mean) override {
    elements_ += vector.size();
    return inner_->start_mean(vector, mean);
  }
  std::unique_ptr<Pending> start_exchange(const std::vector<Vector>& parts,
                                          std::vector<Vector>& received) override {
    for (const Vector& part : parts) elements_ += part.size();
    return inner_->start_exchange(parts, received);
  }
  std::unique_ptr<Pending> start_gather(const Vector& part, std::vector<Vector>& received) override {
    elements_ += part.size();
    return inner_->start_gather(part, received);
  }
  void broadcast(Vector& vector, int root) override { inner_->broadcast(vector, root); }

 private:
  std::unique_ptr<Communicator> inner_;
  std::atomic<int64_t>& elements_;
};

// 6 ranks in blocks of 3: what leaves a block is one vector and the forms, not three vectors.
TEST(TwoLevelGroup, ABlockSendsItsVectorOnce) {
  constexpr int64_t elements = 30'000;
  std::atomic<int64_t> all = 0, inside = 0, across = 0;
  const auto counted = [&](int size, const std::string& name) {
    auto& sum = name == "all" ? all : name.starts_with("block") ? inside : across;
    contract::Group group;
    for (auto& rank : ThreadGroup::make(size))
      group.push_back(std::make_unique<Counting>(std::move(rank), sum));
    return group;
  };
  std::vector<std::string> broken;
  contract::Ranks ranks(in_blocks(6, 3, counted), broken);
  ranks.run([](std::unique_ptr<Communicator>& group) {
    Vector vector = contract::rank_vector(group->rank(), 1, elements, ElementType::float32);
    group->start_mean(vector, vector)->wait(contract::soon());
  });
  EXPECT_THAT(broken, IsEmpty());
  EXPECT_EQ(across, 2 * elements);
  EXPECT_EQ(inside, 6 * elements + 2 * elements);  // parts exchanged, and gathered
  EXPECT_EQ(all, 6 * 2);
}

TEST(TwoLevelGroup, AMismatchNamesRanksAndLengthsAndLeavesTheGroupWhole) {
  std::vector<std::string> broken;
  contract::Ranks ranks(in_blocks(4, 2, threads), broken);
  ranks.run([&](std::unique_ptr<Communicator>& group) {
    Vector vector = flat_vector(group->rank() == 3 ? 5000 : 5001);
    std::string told;
    try {
      group->start_mean(vector, vector)->wait(contract::soon());
    } catch (const Error& error) {
      told = error.what();
    }
    ranks.expect(told.find("rank 3 brought 5000 elements of type Float, rank 0 5001") != std::string::npos,
                 "the message is: " + told);
    Vector fitting = filled(5000, static_cast<float>(group->rank()));
    group->start_mean(fitting, fitting)->wait(contract::soon());
    ranks.expect(same_bits(fitting, filled(5000, 1.5F)), "the group does not work on");
  });
  EXPECT_THAT(broken, IsEmpty());
}

// Ranks may wait for means in any order: what they send each other follows the order of the calls.
TEST(TwoLevelGroup, MeansMayBeWaitedForInAnotherOrderOnEveryRank) {
  std::vector<std::string> broken;
  contract::Ranks ranks(in_blocks(4, 2, threads), broken);
  ranks.run([&](std::unique_ptr<Communicator>& group) {
    std::vector<Vector> vectors;
    std::vector<std::unique_ptr<Pending>> pending;
    for (int which = 0; which < 4; ++which) {
      vectors.push_back(filled(3000, static_cast<float>(which * 10 + group->rank())));
      pending.push_back(group->start_mean(vectors.back(), vectors.back()));
      std::this_thread::sleep_for(std::chrono::milliseconds(3 * group->rank()));
    }
    for (int i = 0; i < 4; ++i) pending[static_cast<size_t>((i + group->rank()) % 4)]->wait(contract::soon());
    for (int which = 0; which < 4; ++which)
      ranks.expect(
          same_bits(vectors[static_cast<size_t>(which)], filled(3000, static_cast<float>(which * 10) + 1.5F)),
          "means mix");
  });
  EXPECT_THAT(broken, IsEmpty());
}

// Rank 3 goes in the middle: even rank 0, which shares neither block nor place with it, learns of it.
TEST(TwoLevelGroup, ALossReachesRanksThatDoNotSpeakWithTheLost) {
  auto group = in_blocks(4, 2, threads);
  std::vector<std::thread> ranks;
  for (int rank = 0; rank < 4; ++rank)
    ranks.emplace_back([&, rank] {
      auto& mine = group[static_cast<size_t>(rank)];
      Vector vector = filled(3000, static_cast<float>(rank)), other = vector.copy();
      const auto pending = mine->start_mean(vector, vector);
      if (rank == 3) return mine.reset();
      EXPECT_THROW(
          {
            pending->wait(contract::soon());
            mine->start_mean(other, other)->wait(contract::soon());
          },
          LostPeer);
    });
  for (std::thread& rank : ranks) rank.join();
}

TEST(Grouping, NamesTheSizesThatArePossible) {
  EXPECT_NO_THROW((Grouping{1, 3, 1}.validate()));
  EXPECT_NO_THROW((Grouping{2, 8, 2}.validate()));
  EXPECT_NO_THROW((Grouping{8, 8, 4}.validate()));
  EXPECT_EQ((Grouping{4, 8, 4}.processes_per_group()), 2);
  EXPECT_EQ((Grouping{4, 8, 2}.processes_per_group()), 1);
  const auto told = [](const Grouping& grouping) {
    try {
      grouping.validate();
    } catch (const OptionError& error) {
      return std::string(error.what());
    }
    return std::string("nothing");
  };
  EXPECT_THAT(told({3, 4, 1}),
              HasSubstr("comm.group_size = 3: must divide run.workers = 4; take one of 1, 2, 4"));
  EXPECT_THAT(told({2, 6, 2}), HasSubstr("take one of 1, 3, 6"));  // 3 workers a process
  EXPECT_THAT(told({4, 12, 2}), HasSubstr("take one of 1, 2, 3, 6, 12"));
}

}  // namespace
}  // namespace muster
