// Groups of workers that meet among themselves within a round.
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "muster/base/error.h"
#include "muster/comm/thread_group.h"
#include "muster/flat/arithmetic.h"
#include "muster/rounds/inner_meeting.h"
#include "tests/support/vectors.h"

namespace muster {
namespace {

constexpr int64_t size = 1000;

Deadline soon() { return deadline_in(std::chrono::seconds(20)); }

/// The vector of a worker of the whole run.
Vector of_worker(int64_t worker) {
  return test::noise(size, ElementType::float32, static_cast<uint64_t>(worker));
}

/// The mean over workers first ... first + count - 1, added in their order.
Vector mean_of(int64_t first, int64_t count) {
  const Vector mean = of_worker(first);
  for (int64_t worker = first + 1; worker < first + count; ++worker) add(mean, of_worker(worker));
  divide(mean, static_cast<double>(count));
  return mean;
}

TEST(InnerMeeting, IsDueAfterEveryPeriodOfARound) {
  ThreadPool pool(1);
  const InnerMeeting gradients({2, 4, 1}, 1, nullptr, pool), parameters({2, 4, 1}, 3, nullptr, pool);
  EXPECT_TRUE(gradients.averages_gradients());
  EXPECT_FALSE(parameters.averages_gradients());
  for (const int64_t done : {0, 1, 2, 3}) EXPECT_FALSE(gradients.due(done));
  for (const int64_t done : {0, 1, 2, 4, 5, 7}) EXPECT_FALSE(parameters.due(done)) << done;
  for (const int64_t done : {3, 6, 9}) EXPECT_TRUE(parameters.due(done)) << done;
  for (const int64_t done : {0, 1, 2, 3}) {
    EXPECT_EQ(gradients.steps_until_due(done), 1);
    EXPECT_EQ(parameters.steps_until_due(done), 3 - done % 3);
  }
}

// All meet at the round's end, so that a meeting due there is not the group's.
TEST(InnerMeeting, SaysWhatAWorkerHandsIn) {
  ThreadPool pool(1);
  for (const auto& [period, meetings] : {std::pair<int64_t, int64_t>{1, 6}, {2, 2}, {3, 1}, {6, 0}})
    EXPECT_EQ(InnerMeeting({2, 4, 1}, period, nullptr, pool).bytes_per_worker(6, 4000), 4000 * meetings);
}

TEST(InnerMeeting, InOneProcessEveryGroupBecomesItsMean) {
  for (const int threads : {1, 3})
    for (const int64_t group_size : {2, 3, 6}) {
      ThreadPool pool(threads);
      InnerMeeting meeting({group_size, 6, 1}, 1, nullptr, pool);
      std::vector<Vector> vectors;
      for (int64_t worker = 0; worker < 6; ++worker) vectors.push_back(of_worker(worker));
      meeting.average(vectors, soon());
      for (int64_t worker = 0; worker < 6; ++worker)
        EXPECT_TRUE(same_bits(vectors[static_cast<size_t>(worker)],
                              mean_of(worker / group_size * group_size, group_size)))
            << "worker " << worker << ", groups of " << group_size;
    }
}

/// `processes` ranks, one group of them all, each hosting as many of the workers.
std::vector<Vector> over_processes(int processes, int64_t workers) {
  const int64_t hosted = workers / processes;
  auto group = ThreadGroup::make(processes);
  std::vector<Vector> all;
  for (int64_t worker = 0; worker < workers; ++worker) all.push_back(of_worker(worker));
  std::vector<std::thread> ranks;
  for (int64_t rank = 0; rank < processes; ++rank)
    ranks.emplace_back([&, rank] {
      ThreadPool pool(1);
      InnerMeeting meeting({workers, workers, processes}, 1, group[static_cast<size_t>(rank)].get(), pool);
      const auto first = all.begin() + rank * hosted;
      meeting.average({first, first + hosted}, soon());
    });
  for (std::thread& rank : ranks) rank.join();
  return all;
}

TEST(InnerMeeting, OverProcessesAGroupBecomesItsMean) {
  for (const Vector& vector : over_processes(4, 4)) EXPECT_TRUE(same_bits(vector, mean_of(0, 4)));
  // Several workers in each process travel as one: another order of adding.
  const std::vector<Vector> shared = over_processes(2, 4);
  for (const Vector& vector : shared) {
    EXPECT_TRUE(same_bits(vector, shared[0]));
    EXPECT_LT(test::largest_difference(vector, mean_of(0, 4)), 1e-6);
  }
}

TEST(InnerMeeting, AGroupThatLosesAProcessLeavesVectorsAsTheyWere) {
  auto group = ThreadGroup::make(2);
  ThreadPool pool(1);
  InnerMeeting meeting({4, 4, 2}, 1, group[0].get(), pool);
  const std::vector<Vector> vectors = {of_worker(0), of_worker(1)};
  group[1].reset();
  EXPECT_THROW(meeting.average(vectors, soon()), LostPeer);
  for (size_t worker = 0; worker < 2; ++worker)
    EXPECT_TRUE(same_bits(vectors[worker], of_worker(static_cast<int64_t>(worker))));
}

TEST(InnerMeeting, WrongUseIsABug) {
  ThreadPool pool(1);
  InnerMeeting meeting({2, 4, 1}, 1, nullptr, pool);
  EXPECT_THROW(meeting.average({of_worker(0), of_worker(1)}, soon()), Bug);
}

}  // namespace
}  // namespace muster
