#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <thread>

#include "muster/base/error.h"
#include "muster/base/random.h"
#include "muster/comm/averager.h"
#include "muster/comm/solo.h"
#include "muster/comm/thread_group.h"
#include "muster/flat/flat_buffer.h"

namespace muster {
namespace {

constexpr int64_t size = 20'011;

at::Tensor worker_vector(int64_t worker, at::ScalarType type) {
  const at::Tensor drawn = flat_vector(size, at::kDouble);
  RandomStream stream({.seed = 4, .purpose = Purpose::test, .a = static_cast<uint64_t>(worker), .b = 0});
  for (int64_t i = 0; i < size; ++i) drawn.data_ptr<double>()[i] = stream.normal();
  const at::Tensor result = flat_vector(size, type);
  result.copy_(drawn);
  return result;
}

Deadline soon() { return deadline_in(std::chrono::seconds(20)); }

struct Outcome {
  Meeting meeting;
  at::Tensor mean;
  std::vector<at::Tensor> replicas;
};

/// `ranks` processes (threads here) of `hosted` workers each meet once.
std::vector<Outcome> meet(int ranks, int64_t hosted, at::ScalarType type, bool write_back) {
  auto group = ThreadGroup::make(ranks);
  std::vector<Outcome> outcomes(static_cast<size_t>(ranks));
  std::vector<std::thread> threads;
  for (int rank = 0; rank < ranks; ++rank)
    threads.emplace_back([&, rank] {
      ThreadPool pool(1);
      Averager averager(*group[static_cast<size_t>(rank)], pool);
      Outcome& mine = outcomes[static_cast<size_t>(rank)];
      EXPECT_EQ(averager.workers(hosted), ranks * hosted);
      for (int64_t k = 0; k < hosted; ++k)
        mine.replicas.push_back(worker_vector(averager.first_worker(hosted) + k, type));
      mine.mean = flat_vector(size, type);
      mine.meeting = averager.average(mine.replicas, mine.mean, true, write_back, soon());
    });
  for (std::thread& thread : threads) thread.join();
  return outcomes;
}

TEST(Averager, OneReplicaPerRankHasTheBitsOfOneProcess) {
  for (const at::ScalarType type : {at::kFloat, at::kDouble})
    for (const int workers : {2, 3, 4}) {
      const Outcome together = meet(1, workers, type, true)[0];
      for (const Outcome& apart : meet(workers, 1, type, true)) {
        EXPECT_TRUE(at::equal(apart.mean, together.mean));
        EXPECT_TRUE(at::equal(apart.replicas[0], together.mean));
        EXPECT_EQ(*apart.meeting.divergence, *together.meeting.divergence);
        EXPECT_EQ(apart.meeting.bytes_per_worker, size * (type == at::kFloat ? 4 : 8));
      }
    }
}

TEST(Averager, SeveralReplicasPerRankDifferByRoundingOnly) {
  const Outcome together = meet(1, 6, at::kFloat, false)[0];
  for (const Outcome& apart : meet(3, 2, at::kFloat, false)) {
    EXPECT_LE((apart.mean - together.mean).norm().item<double>(), 2e-7 * together.mean.norm().item<double>());
    EXPECT_NEAR(*apart.meeting.divergence / *together.meeting.divergence, 1, 1e-7);
  }
}

TEST(Averager, WithoutWriteBackReplicasStay) {
  for (const int ranks : {1, 2})
    for (const Outcome& outcome : meet(ranks, 2, at::kDouble, false))
      EXPECT_GT((outcome.replicas[0] - outcome.mean).norm().item<double>(), 1);
  const Outcome second = meet(2, 2, at::kDouble, false)[1];
  EXPECT_TRUE(at::equal(second.replicas[1], worker_vector(3, at::kDouble)));
}

TEST(Averager, OneWorkerIsItsOwnMeanToTheBit) {
  const Outcome alone = meet(1, 1, at::kFloat, true)[0];
  EXPECT_TRUE(at::equal(alone.replicas[0], worker_vector(0, at::kFloat)));
  EXPECT_TRUE(at::equal(alone.mean, alone.replicas[0]));
  EXPECT_EQ(*alone.meeting.divergence, 0);
}

/// Two processes of one worker each meet twice without wanting the mean besides; views of the replicas, made
/// before, see each mean, also where the replica is only a part of a vector.
TEST(Averager, ViewsOfTheReplicaSeeTheMeanThatTookItsPlace) {
  auto group = ThreadGroup::make(2);
  std::vector<std::thread> threads;
  for (int rank = 0; rank < 2; ++rank)
    threads.emplace_back([&, rank] {
      ThreadPool pool(1);
      Averager averager(*group[static_cast<size_t>(rank)], pool);
      at::Tensor longer = flat_vector(size + 1);
      for (const at::Tensor& replica : {flat_vector(size), longer.narrow(0, 1, size)}) {
        const at::Tensor view = replica.narrow(0, 7, 30).view({5, 6});
        replica.fill_(rank + 1);
        averager.meet({.vectors = {{.replicas = {replica}}}}, soon());
        EXPECT_TRUE(at::equal(view, at::full({5, 6}, 1.5F)));
        view.add_(2 * rank);
        averager.meet({.vectors = {{.replicas = {replica}}}}, soon());
        EXPECT_TRUE(at::equal(replica.narrow(0, 0, 7), at::full({7}, 1.5F)));
        EXPECT_TRUE(at::equal(view, at::full({5, 6}, 2.5F)));
      }
    });
  for (std::thread& thread : threads) thread.join();
}

TEST(Averager, AFailedMeetingChangesNothing) {
  auto group = ThreadGroup::make(2);
  group[1].reset();
  ThreadPool pool(2);
  Averager averager(*group[0], pool);
  const std::vector<at::Tensor> replicas = {worker_vector(0, at::kFloat), worker_vector(1, at::kFloat)};
  const at::Tensor anchor = worker_vector(7, at::kFloat);
  EXPECT_THROW(averager.average(replicas, anchor, true, true, soon()), LostPeer);
  EXPECT_TRUE(at::equal(replicas[0], worker_vector(0, at::kFloat)));
  EXPECT_TRUE(at::equal(replicas[1], worker_vector(1, at::kFloat)));
  EXPECT_TRUE(at::equal(anchor, worker_vector(7, at::kFloat)));
}

/// Lets so many operations through and loses a peer in the next one.
class LosesAPeer final : public Communicator {
 public:
  explicit LosesAPeer(int after) : after_(after) {}
  int rank() const override { return 0; }
  int size() const override { return 2; }
  std::unique_ptr<Pending> start_mean(const at::Tensor& vector, at::Tensor& mean) override {
    if (after_-- == 0) throw LostPeer("rank 1 is gone");
    return inner_.start_mean(vector, mean);
  }
  std::unique_ptr<Pending> start_exchange(const std::vector<at::Tensor>& parts,
                                          std::vector<at::Tensor>& received) override {
    return inner_.start_exchange(parts, received);
  }
  std::unique_ptr<Pending> start_gather(const at::Tensor& part, std::vector<at::Tensor>& received) override {
    return inner_.start_gather(part, received);
  }
  void broadcast(at::Tensor& vector, int root) override { inner_.broadcast(vector, root); }

 private:
  Solo inner_;
  int after_;
};

TEST(Averager, APeerLostWhileDivergenceIsExchangedChangesNothing) {
  LosesAPeer group(1);
  ThreadPool pool(1);
  Averager averager(group, pool);
  const std::vector<at::Tensor> replicas = {worker_vector(0, at::kFloat), worker_vector(1, at::kFloat)};
  const at::Tensor anchor = worker_vector(7, at::kFloat);
  EXPECT_THROW(averager.average(replicas, anchor, true, true, soon()), LostPeer);
  EXPECT_TRUE(at::equal(replicas[1], worker_vector(1, at::kFloat)));
  EXPECT_TRUE(at::equal(anchor, worker_vector(7, at::kFloat)));
}

TEST(Averager, MeanOfNumbersIsInRankOrder) {
  auto group = ThreadGroup::make(3);
  const double values[] = {0.1, 1e16, -1e16};
  std::vector<double> means(3);
  std::vector<std::thread> threads;
  for (size_t rank = 0; rank < 3; ++rank)
    threads.emplace_back([&, rank] {
      ThreadPool pool(1);
      means[rank] = Averager(*group[rank], pool).mean_of(values[rank], soon());
    });
  for (std::thread& thread : threads) thread.join();
  for (const double mean : means) EXPECT_EQ(mean, ((0.1 + 1e16) - 1e16) / 3);
}

}  // namespace
}  // namespace muster
