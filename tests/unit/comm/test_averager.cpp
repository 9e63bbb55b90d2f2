#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
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

/// Workers around an anchor, as after some local steps: a common drift, and a smaller spread.
at::Tensor drifted(int64_t worker, int64_t length) {
  const at::Tensor result = flat_vector(length);
  RandomStream common({.seed = 5, .purpose = Purpose::test}),
      own({.seed = 6, .purpose = Purpose::test, .a = static_cast<uint64_t>(worker)});
  for (int64_t i = 0; i < length; ++i)
    result.data_ptr<float>()[i] = static_cast<float>(2e-3 * common.normal() + 1e-3 * own.normal());
  return result;
}

std::vector<at::Tensor> drifted_workers(int64_t workers, int64_t length) {
  std::vector<at::Tensor> all;
  for (int64_t worker = 0; worker < workers; ++worker) all.push_back(drifted(worker, length));
  return all;
}

/// Mean squared distance to their mean.
double true_divergence(const std::vector<at::Tensor>& workers) {
  at::Tensor sum = at::zeros_like(workers.front(), at::kDouble);
  for (const at::Tensor& worker : workers) sum.add_(worker.to(at::kDouble));
  const at::Tensor mean = sum / static_cast<double>(workers.size());
  double squares = 0;
  for (const at::Tensor& worker : workers)
    squares += (worker.to(at::kDouble) - mean).square().sum().item<double>();
  return squares / static_cast<double>(workers.size());
}

/// The divergence that processes of so many workers each are told at a compressed meeting.
double told_divergence(const CodecOptions& codec, const std::vector<at::Tensor>& workers, size_t hosted,
                       uint64_t number, bool error_feedback) {
  const int64_t length = workers.front().numel();
  auto group = ThreadGroup::make(static_cast<int>(workers.size() / hosted));
  std::vector<Meeting> meetings(group.size());
  std::vector<std::thread> threads;
  for (size_t rank = 0; rank < group.size(); ++rank)
    threads.emplace_back([&, rank] {
      ThreadPool pool(2);
      Averager averager(*group[rank], pool,
                        Compression{.codec = codec, .error_feedback = error_feedback, .seed = 3});
      MeetingRequest request;
      at::Tensor mean = flat_vector(length);
      Averaged& kind = request.vectors.emplace_back();
      for (size_t k = 0; k < hosted; ++k) kind.replicas.push_back(workers[rank * hosted + k]);
      kind.mean = &mean;
      kind.write_back = false;
      kind.anchor = flat_vector(length);
      request.measure_divergence = request.compress = true;
      request.number = number;
      meetings[rank] = averager.meet(request, soon());
    });
  for (std::thread& thread : threads) thread.join();
  for (const Meeting& meeting : meetings) EXPECT_EQ(*meeting.divergence, *meetings[0].divergence);
  return *meetings[0].divergence;
}

constexpr CodecKind lossy[] = {CodecKind::top_k, CodecKind::qsgd2, CodecKind::int8, CodecKind::bf16};

TEST(Averager, DivergenceOfOneProcessKnowsNoCodec) {
  const auto workers = drifted_workers(4, 20'011);
  for (const CodecKind kind : lossy)
    for (const bool error_feedback : {false, true}) {
      if (error_feedback && kind == CodecKind::qsgd2) continue;  // refused: it loses more than it sends
      EXPECT_NEAR(told_divergence({.kind = kind}, workers, 4, 7, error_feedback) / true_divergence(workers),
                  1, 1e-6);
    }
}

TEST(Averager, DivergenceOfSeveralProcessesIsNearTheTruthWhateverTheCodec) {
  // Up to 4,096 parameters the sketch is the vector.
  for (const auto& [ranks, hosted] : {std::pair{2, 1}, {3, 2}}) {
    const auto workers = drifted_workers(ranks * hosted, 4096);
    for (const CodecKind kind : lossy)
      EXPECT_NEAR(told_divergence({.kind = kind}, workers, static_cast<size_t>(hosted), 7, false) /
                      true_divergence(workers),
                  1, 1e-6);
  }
  // Beyond, it is an estimate whose standard deviation is at most 2.2 %.
  for (const auto& [ranks, hosted] : {std::pair{2, 1}, {4, 1}, {3, 2}}) {
    const auto workers = drifted_workers(ranks * hosted, 40'000);
    const double truth = true_divergence(workers);
    double sum = 0, squares = 0;
    constexpr int meetings = 40;
    for (uint64_t number = 0; number < meetings; ++number) {
      const double ratio =
          told_divergence({.kind = CodecKind::bf16}, workers, static_cast<size_t>(hosted), number, false) /
          truth;
      sum += ratio;
      squares += (ratio - 1) * (ratio - 1);
    }
    EXPECT_NEAR(sum / meetings, 1, 4 * 0.0221 / std::sqrt(meetings)) << ranks;
    EXPECT_LT(std::sqrt(squares / meetings), 1.4 * 0.0221) << ranks;
  }
  const auto three = drifted_workers(3, 300'000);  // more than one job of the sketch
  EXPECT_NEAR(told_divergence({.kind = CodecKind::top_k}, three, 1, 1, true) / true_divergence(three), 1,
              0.09);
}

/// Ranks that meet with error feedback; what they carry, and how far applied means and carried errors
/// together are from the sum of what was to be averaged.
struct Survivor {
  std::unique_ptr<Averager> averager;
  ThreadPool pool{1};
  int64_t worker = 0;  // the vectors that it brings

  at::Tensor vector(int meeting) const { return drifted(100 * (meeting + 1) + worker, 5000); }
  at::Tensor meet(int meeting) {
    at::Tensor mean = flat_vector(5000), own = vector(meeting);
    averager->meet({.vectors = {{.replicas = {own}, .mean = &mean, .write_back = false}},
                    .compress = true,
                    .number = static_cast<uint64_t>(meeting)},
                   soon());
    return mean;
  }
  at::Tensor carried(int rank) const {
    return averager->state().tensors.at("worker." + std::to_string(rank) + ".residual");
  }
};

void in_parallel(size_t count, const std::function<void(size_t)>& work) {
  std::vector<std::thread> threads;
  for (size_t i = 0; i < count; ++i) threads.emplace_back([&, i] { work(i); });
  for (std::thread& thread : threads) thread.join();
}

// A worker that stays keeps what its own encodings have lost: it is in the next mean, of whatever group.
TEST(Averager, ErrorFeedbackStaysWithAWorkerThatStays) {
  const Compression compression{.codec = {.kind = CodecKind::top_k}, .error_feedback = true, .seed = 3};
  auto three = ThreadGroup::make(3);
  std::vector<Survivor> workers(3);
  for (size_t i = 0; i < 3; ++i) {
    workers[i].worker = static_cast<int64_t>(i);
    workers[i].averager = std::make_unique<Averager>(*three[i], workers[i].pool, compression);
  }
  in_parallel(3, [&](size_t i) {
    for (int meeting = 0; meeting < 3; ++meeting) workers[i].meet(meeting);
  });
  const at::Tensor of_first = workers[0].carried(0).clone(), of_last = workers[2].carried(2).clone();
  EXPECT_GT(of_last.norm().item<double>(), 0);

  auto two = ThreadGroup::make(2);  // rank 1 is gone; the last one becomes rank 1
  three.clear();                    // as when a group is replaced
  workers[0].averager->use_group(*two[0]);
  workers[2].averager->use_group(*two[1]);
  EXPECT_TRUE(at::equal(workers[0].carried(0), of_first));
  EXPECT_TRUE(at::equal(workers[2].carried(1), of_last));
  EXPECT_EQ(workers[2].averager->state().tensors.size(), 1U) << "parts are others now";

  std::vector<at::Tensor> means(2);
  in_parallel(2, [&](size_t i) { means[i] = workers[2 * i].meet(3); });
  EXPECT_TRUE(at::equal(means[0], means[1]));
  // The mean, and what is carried on, are all of the vectors and of what was carried before.
  at::Tensor all = means[0].to(at::kDouble), wanted = at::zeros({5000}, at::kDouble);
  for (int rank = 0; rank < 2; ++rank) {
    const Survivor& one = workers[static_cast<size_t>(2 * rank)];
    all.add_(one.carried(rank).to(at::kDouble), 0.5);
    wanted.add_((one.vector(3) + (rank == 0 ? of_first : of_last)).to(at::kDouble), 0.5);
  }
  all.add_(at::cat({workers[0].averager->state().tensors.at("worker.0.mean_residual"),
                    workers[2].averager->state().tensors.at("worker.1.mean_residual")})
               .to(at::kDouble));
  EXPECT_LT((all - wanted).abs().max().item<double>(), 1e-8);

  // In a group of the same form nothing moves; who takes another's state over begins without.
  auto again = ThreadGroup::make(2);
  const State before = workers[0].averager->state();
  workers[0].averager->use_group(*again[0]);
  EXPECT_EQ(workers[0].averager->state().tensors.size(), before.tensors.size());
  workers[0].averager->forget();
  EXPECT_TRUE(workers[0].averager->state().tensors.empty());
  // Alone at last.
  Solo solo;
  workers[2].averager->use_group(solo);
  EXPECT_TRUE(workers[2].averager->state().tensors.contains("worker.0.residual"));
}

// Restored from a checkpoint, and regrouped before the first meeting.
TEST(Averager, ErrorFeedbackOfACheckpointFollowsItsWorkerToo) {
  const Compression compression{.codec = {.kind = CodecKind::top_k}, .error_feedback = true, .seed = 3};
  auto three = ThreadGroup::make(3), two = ThreadGroup::make(2);
  ThreadPool pool(1);
  Averager averager(*three[2], pool, compression);
  State state;
  const at::Tensor residual = drifted(1, 5000);
  state.tensors["worker.2.residual"] = residual;
  state.tensors["worker.2.mean_residual"] = drifted(2, 1700);
  averager.restore(state);
  averager.use_group(*two[1]);
  ASSERT_EQ(averager.state().tensors.size(), 1U);
  EXPECT_TRUE(at::equal(averager.state().tensors.at("worker.1.residual"), residual));
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
