#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "muster/base/error.h"
#include "muster/task/samplers/resharing_sampler.h"
#include "muster/task/samplers/samplers.h"

namespace muster {
namespace {

constexpr int64_t samples = 96, batch = 4;

ResharingSampler::Make permutations() {
  return [](int64_t workers) {
    return std::make_unique<PermutationSampler>(
        SamplerOptions{.samples = samples, .workers = workers, .batch = batch, .seed = 9});
  };
}

ResharingSampler share_of(int64_t share, int64_t processes, int64_t hosted = 1) {
  return {permutations(), processes, share, hosted};
}

/// How often each sample is read in steps [first, last) by these processes.
std::map<int64_t, int> reads(const std::vector<const ResharingSampler*>& processes, int64_t first,
                             int64_t last) {
  std::map<int64_t, int> counts;
  for (const auto* process : processes)
    for (int64_t step = first; step < last; ++step)
      for (const int64_t sample : process->samples(step, 0)) ++counts[sample];
  return counts;
}

TEST(ResharingSampler, IsItsSamplerWhileNobodyComesOrGoes) {
  const auto plain = permutations()(6);
  for (int64_t share = 0; share < 3; ++share) {
    const ResharingSampler mine = share_of(share, 3, 2);
    EXPECT_EQ(mine.steps_per_epoch(), plain->steps_per_epoch());
    for (int64_t step = 0; step < 3 * plain->steps_per_epoch(); ++step)
      for (int64_t worker = 0; worker < 2; ++worker) {
        EXPECT_EQ(mine.samples(step, worker), plain->samples(step, share * 2 + worker));
        EXPECT_EQ(mine.pass(step, worker), plain->pass(step, share * 2 + worker));
      }
  }
}

TEST(ResharingSampler, TheNextEpochIsDealtToThoseWhoAreThere) {
  ResharingSampler zero = share_of(0, 4), two = share_of(2, 4);  // 6 steps an epoch
  const ResharingSampler one = share_of(1, 4), three = share_of(3, 4);
  const auto before = reads({&zero, &two}, 8, 12);
  // In step 8 of the run, the second of the second epoch, the others die.
  zero.reshare(8, 2, 0);
  two.reshare(8, 2, 1);
  EXPECT_EQ(reads({&zero, &two}, 8, 12), before) << "the present epoch's shares stay";
  for (const auto& [sample, times] : reads({&zero, &two}, 12, 24)) EXPECT_EQ(times, 1) << sample;
  EXPECT_EQ(reads({&zero, &two}, 12, 24).size(), static_cast<size_t>(samples));
  EXPECT_EQ(zero.pass(12, 0), 2);
  EXPECT_EQ(zero.pass(24, 0), 3);
}

TEST(ResharingSampler, ANewcomerTakesWhatIsLeftOver) {
  ResharingSampler zero = share_of(0, 2);
  zero.reshare(3, 2, 0);
  ResharingSampler newcomer = share_of(1, 2);
  newcomer.restore(zero.state(), -1);
  newcomer.take_share(3, 1);
  newcomer.reshare(3, 2, 1);
  for (const auto& [sample, times] : reads({&zero, &newcomer}, 0, 12)) EXPECT_EQ(times, 1) << sample;
  // One more than there are shares reads samples of its own until the next epoch.
  ResharingSampler third = share_of(0, 2);
  third.restore(zero.state(), -1);
  third.take_share(3, 2);
  EXPECT_NE(third.samples(4, 0), zero.samples(4, 0));
  EXPECT_NE(third.samples(4, 0), newcomer.samples(4, 0));
  zero.reshare(4, 3, 0), newcomer.reshare(4, 3, 1), third.reshare(4, 3, 2);
  for (const auto& [sample, times] : reads({&zero, &newcomer, &third}, 12, 20)) EXPECT_EQ(times, 1) << sample;
}

TEST(ResharingSampler, ManyChangesInOneEpochCountOnce) {
  ResharingSampler mine = share_of(0, 4);
  for (const int64_t processes : {3, 2, 3}) mine.reshare(2, processes, 0);
  ResharingSampler other = share_of(0, 4);
  other.reshare(2, 3, 0);
  for (int64_t step = 0; step < 30; ++step) EXPECT_EQ(mine.samples(step, 0), other.samples(step, 0));
}

TEST(ResharingSampler, ItsStateComesBack) {
  ResharingSampler mine = share_of(1, 4);
  mine.reshare(7, 3, 1);
  mine.reshare(20, 2, 1);
  ResharingSampler again = share_of(1, 4);
  again.restore(mine.state(), 1);
  for (int64_t step = 0; step < 60; ++step) EXPECT_EQ(again.samples(step, 0), mine.samples(step, 0)) << step;
  EXPECT_THROW(again.restore(Numbers{}, 1), CheckpointError);
}

}  // namespace
}  // namespace muster
