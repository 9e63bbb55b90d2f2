#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "muster/comm/grouping.h"
#include "muster/comm/linked_group.h"
#include "muster/comm/links.h"
#include "muster/comm/solo.h"
#include "muster/comm/thread_group.h"
#include "muster/comm/two_level_group.h"
#include "tests/contract/communicator_contract.h"
#include "tests/support/memory_store.h"

namespace muster {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

using Maker = std::function<contract::Group(int size, const std::string& name)>;

/// `size` ranks in blocks of `block`, over groups made by `make`.
contract::Group in_blocks(int size, int block, const Maker& make) {
  contract::Group all = make(size, "all"), blocks, across(static_cast<size_t>(size));
  for (int number = 0; number < size / block; ++number)
    for (auto& rank : make(block, "block" + std::to_string(number))) blocks.push_back(std::move(rank));
  for (int place = 0; place < block; ++place) {
    contract::Group column = make(size / block, "across" + std::to_string(place));
    for (int number = 0; number < size / block; ++number)
      across[static_cast<size_t>(number * block + place)] = std::move(column[static_cast<size_t>(number)]);
  }
  contract::Group group;
  for (size_t rank = 0; rank < all.size(); ++rank)
    group.push_back(
        make_two_level_group(std::move(all[rank]), std::move(blocks[rank]), std::move(across[rank])));
  return group;
}

contract::Group threads(int size, const std::string&) { return ThreadGroup::make(size); }

contract::Group gloo(int size, const std::string&) {
  contract::Group group(static_cast<size_t>(size));
  if (size == 1) {
    group[0] = std::make_unique<Solo>();
    return group;
  }
  test::MemoryStore store;
  std::vector<std::thread> ranks;
  for (int rank = 0; rank < size; ++rank)
    ranks.emplace_back([&, rank] {
      LinkOptions links;
      links.interface = "lo";
      links.connect_within = std::chrono::seconds(20);
      group[static_cast<size_t>(rank)] =
          make_linked_group(Links::connect(store, "test/", rank, size, links), nullptr,
                            {.slice_bytes = 1 << 16, .patience = std::chrono::seconds(20)});
    });
  for (std::thread& rank : ranks) rank.join();
  return group;
}

std::vector<std::string> broken_promises(int size, int block, const Maker& make) {
  return contract::check_communicator({.make = [&](int ranks) { return in_blocks(ranks, block, make); },
                                       .sizes = {size},
                                       .serial_bits = false});
}

TEST(TwoLevelGroup, KeepsTheContractOverThreads) {
  for (const auto& [size, block] : {std::pair{4, 2}, {6, 3}, {3, 1}, {1, 1}})
    EXPECT_THAT(broken_promises(size, block, threads), IsEmpty()) << size << " in blocks of " << block;
}

TEST(TwoLevelGroup, KeepsTheContractOverGloo) { EXPECT_THAT(broken_promises(4, 2, gloo), IsEmpty()); }

/// Counts the elements that a rank hands to means and parts.
class Counting final : public Communicator {
 public:
  Counting(std::unique_ptr<Communicator> inner, std::atomic<int64_t>& elements)
      : inner_(std::move(inner)), elements_(elements) {}
  int rank() const override { return inner_->rank(); }
  int size() const override { return inner_->size(); }
  std::unique_ptr<Pending> start_mean(const at::Tensor& vector, at::Tensor& mean) override {
    elements_ += vector.numel();
    return inner_->start_mean(vector, mean);
  }
  std::unique_ptr<Pending> start_exchange(const std::vector<at::Tensor>& parts,
                                          std::vector<at::Tensor>& received) override {
    for (const at::Tensor& part : parts) elements_ += part.numel();
    return inner_->start_exchange(parts, received);
  }
  std::unique_ptr<Pending> start_gather(const at::Tensor& part, std::vector<at::Tensor>& received) override {
    elements_ += part.numel();
    return inner_->start_gather(part, received);
  }
  void broadcast(at::Tensor& vector, int root) override { inner_->broadcast(vector, root); }

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
    at::Tensor vector = contract::rank_vector(group->rank(), 1, elements, at::kFloat);
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
    at::Tensor vector = flat_vector(group->rank() == 3 ? 5000 : 5001);
    std::string told;
    try {
      group->start_mean(vector, vector)->wait(contract::soon());
    } catch (const Error& error) {
      told = error.what();
    }
    ranks.expect(told.find("rank 3 brought 5000 elements of type Float, rank 0 5001") != std::string::npos,
                 "the message is: " + told);
    at::Tensor fitting = at::full({5000}, group->rank(), at::kFloat);
    group->start_mean(fitting, fitting)->wait(contract::soon());
    ranks.expect(at::equal(fitting, at::full({5000}, 1.5, at::kFloat)), "the group does not work on");
  });
  EXPECT_THAT(broken, IsEmpty());
}

// Ranks may wait for means in any order: what they send each other follows the order of the calls.
TEST(TwoLevelGroup, MeansMayBeWaitedForInAnotherOrderOnEveryRank) {
  std::vector<std::string> broken;
  contract::Ranks ranks(in_blocks(4, 2, threads), broken);
  ranks.run([&](std::unique_ptr<Communicator>& group) {
    std::vector<at::Tensor> vectors;
    std::vector<std::unique_ptr<Pending>> pending;
    for (int which = 0; which < 4; ++which) {
      vectors.push_back(at::full({3000}, which * 10 + group->rank(), at::kFloat));
      pending.push_back(group->start_mean(vectors.back(), vectors.back()));
      std::this_thread::sleep_for(std::chrono::milliseconds(3 * group->rank()));
    }
    for (int i = 0; i < 4; ++i) pending[static_cast<size_t>((i + group->rank()) % 4)]->wait(contract::soon());
    for (int which = 0; which < 4; ++which)
      ranks.expect(
          at::equal(vectors[static_cast<size_t>(which)], at::full({3000}, which * 10 + 1.5, at::kFloat)),
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
      at::Tensor vector = at::full({3000}, rank, at::kFloat), other = vector.clone();
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
