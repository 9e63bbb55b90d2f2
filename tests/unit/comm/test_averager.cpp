#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <thread>

#include "muster/base/error.h"
#include "muster/base/random.h"
#include "muster/comm/averager.h"
#include "muster/comm/solo.h"
#include "muster/comm/thread_group.h"
#include "muster/flat/arithmetic.h"
#include "muster/flat/norm.h"
#include "muster/flat/vector.h"
#include "tests/support/vectors.h"

namespace muster {
namespace {

using test::largest_difference;
using test::noise;
using test::value_at;
using test::vector_from;

constexpr int64_t size = 20'011;

Vector worker_vector(int64_t worker, ElementType type) {
  return noise(size, type, 40 + static_cast<uint64_t>(worker));
}

double distance(const Vector& a, const Vector& b) {
  const Vector difference = flat_vector(a.size(), a.type());
  subtract(a, b, difference);
  return norm_of(difference);
}

Deadline soon() { return deadline_in(std::chrono::seconds(20)); }

struct Outcome {
  Meeting meeting;
  Vector mean;
  std::vector<Vector> replicas;
};

/// `ranks` processes (threads here) of `hosted` workers each meet once.
std::vector<Outcome> meet(int ranks, int64_t hosted, ElementType type, bool write_back) {
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
  for (const ElementType type : {ElementType::float32, ElementType::float64})
    for (const int workers : {2, 3, 4}) {
      const Outcome together = meet(1, workers, type, true)[0];
      for (const Outcome& apart : meet(workers, 1, type, true)) {
        EXPECT_TRUE(same_bits(apart.mean, together.mean));
        EXPECT_TRUE(same_bits(apart.replicas[0], together.mean));
        EXPECT_EQ(*apart.meeting.divergence, *together.meeting.divergence);
        EXPECT_EQ(apart.meeting.bytes_per_worker, size * (type == ElementType::float32 ? 4 : 8));
      }
    }
}

TEST(Averager, SeveralReplicasPerRankDifferByRoundingOnly) {
  const Outcome together = meet(1, 6, ElementType::float32, false)[0];
  for (const Outcome& apart : meet(3, 2, ElementType::float32, false)) {
    EXPECT_LE(distance(apart.mean, together.mean), 2e-7 * norm_of(together.mean));
    EXPECT_NEAR(*apart.meeting.divergence / *together.meeting.divergence, 1, 1e-7);
  }
}

TEST(Averager, WithoutWriteBackReplicasStay) {
  for (const int ranks : {1, 2})
    for (const Outcome& outcome : meet(ranks, 2, ElementType::float64, false))
      EXPECT_GT(distance(outcome.replicas[0], outcome.mean), 1);
  const Outcome second = meet(2, 2, ElementType::float64, false)[1];
  EXPECT_TRUE(same_bits(second.replicas[1], worker_vector(3, ElementType::float64)));
}

TEST(Averager, OneWorkerIsItsOwnMeanToTheBit) {
  const Outcome alone = meet(1, 1, ElementType::float32, true)[0];
  EXPECT_TRUE(same_bits(alone.replicas[0], worker_vector(0, ElementType::float32)));
  EXPECT_TRUE(same_bits(alone.mean, alone.replicas[0]));
  EXPECT_EQ(*alone.meeting.divergence, 0);
}

Vector constant(int64_t length, float value) {
  return vector_from(std::vector<float>(static_cast<size_t>(length), value));
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
      Vector longer = flat_vector(size + 1);
      for (const Vector& replica : {flat_vector(size), longer.part(1, size)}) {
        const Vector view = replica.part(7, 30), front = replica.part(0, 7);
        fill(replica, rank + 1);
        averager.meet({.vectors = {{.replicas = {replica}}}}, soon());
        EXPECT_TRUE(same_bits(view, constant(30, 1.5F)));
        add(view, constant(30, 2.0F * static_cast<float>(rank)));
        averager.meet({.vectors = {{.replicas = {replica}}}}, soon());
        EXPECT_TRUE(same_bits(front, constant(7, 1.5F)));
        EXPECT_TRUE(same_bits(view, constant(30, 2.5F)));
      }
    });
  for (std::thread& thread : threads) thread.join();
}

TEST(Averager, AFailedMeetingChangesNothing) {
  auto group = ThreadGroup::make(2);
  group[1].reset();
  ThreadPool pool(2);
  Averager averager(*group[0], pool);
  const std::vector<Vector> replicas = {worker_vector(0, ElementType::float32),
                                        worker_vector(1, ElementType::float32)};
  const Vector anchor = worker_vector(7, ElementType::float32);
  EXPECT_THROW(averager.average(replicas, anchor, true, true, soon()), LostPeer);
  EXPECT_TRUE(same_bits(replicas[0], worker_vector(0, ElementType::float32)));
  EXPECT_TRUE(same_bits(replicas[1], worker_vector(1, ElementType::float32)));
  EXPECT_TRUE(same_bits(anchor, worker_vector(7, ElementType::float32)));
}

/// Lets so many operations through and loses a peer in the next one.
class LosesAPeer final : public Communicator {
 public:
  explicit LosesAPeer(int after) : after_(after) {}
  int rank() const override { return 0; }
  int size() const override { return 2; }
  std::unique_ptr<Pending> start_mean(const Vector& vector, Vector& mean) override {
    if (after_-- == 0) throw LostPeer("rank 1 is gone");
    return inner_.start_mean(vector, mean);
  }
  std::unique_ptr<Pending> start_exchange(const std::vector<Vector>& parts,
                                          std::vector<Vector>& received) override {
    return inner_.start_exchange(parts, received);
  }
  std::unique_ptr<Pending> start_gather(const Vector& part, std::vector<Vector>& received) override {
    return inner_.start_gather(part, received);
  }
  void broadcast(Vector& vector, int root) override { inner_.broadcast(vector, root); }

 private:
  Solo inner_;
  int after_;
};

TEST(Averager, APeerLostWhileDivergenceIsExchangedChangesNothing) {
  LosesAPeer group(1);
  ThreadPool pool(1);
  Averager averager(group, pool);
  const std::vector<Vector> replicas = {worker_vector(0, ElementType::float32),
                                        worker_vector(1, ElementType::float32)};
  const Vector anchor = worker_vector(7, ElementType::float32);
  EXPECT_THROW(averager.average(replicas, anchor, true, true, soon()), LostPeer);
  EXPECT_TRUE(same_bits(replicas[1], worker_vector(1, ElementType::float32)));
  EXPECT_TRUE(same_bits(anchor, worker_vector(7, ElementType::float32)));
}

/// Workers around an anchor, as after some local steps: a common drift, and a smaller spread.
Vector drifted(int64_t worker, int64_t length) {
  const Vector result = flat_vector(length);
  RandomStream common({.seed = 5, .purpose = Purpose::test}),
      own({.seed = 6, .purpose = Purpose::test, .a = static_cast<uint64_t>(worker)});
  for (int64_t i = 0; i < length; ++i)
    result.data<float>()[i] = static_cast<float>(2e-3 * common.normal() + 1e-3 * own.normal());
  return result;
}

std::vector<Vector> drifted_workers(int64_t workers, int64_t length) {
  std::vector<Vector> all;
  for (int64_t worker = 0; worker < workers; ++worker) all.push_back(drifted(worker, length));
  return all;
}

/// Mean squared distance to their mean.
double true_divergence(const std::vector<Vector>& workers) {
  const auto count = static_cast<double>(workers.size());
  double squares = 0;
  for (int64_t i = 0; i < workers.front().size(); ++i) {
    double sum = 0;
    for (const Vector& worker : workers) sum += value_at(worker, i);
    for (const Vector& worker : workers) squares += std::pow(value_at(worker, i) - sum / count, 2);
  }
  return squares / count;
}

/// The divergence that processes of so many workers each are told at a compressed meeting.
double told_divergence(const CodecOptions& codec, const std::vector<Vector>& workers, size_t hosted,
                       uint64_t number, bool error_feedback) {
  const int64_t length = workers.front().size();
  auto group = ThreadGroup::make(static_cast<int>(workers.size() / hosted));
  std::vector<Meeting> meetings(group.size());
  std::vector<std::thread> threads;
  for (size_t rank = 0; rank < group.size(); ++rank)
    threads.emplace_back([&, rank] {
      ThreadPool pool(2);
      Averager averager(*group[rank], pool,
                        Compression{.codec = codec, .error_feedback = error_feedback, .seed = 3});
      MeetingRequest request;
      Vector mean = flat_vector(length);
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

/// One rank's mean, or outer gradient, of vectors around an anchor, by meet() and by start().
struct AroundAnchor {
  Vector met, started;
};

std::vector<AroundAnchor> around_anchor(std::optional<Compression> compression, bool outer_gradient) {
  const auto group = ThreadGroup::make(3);
  std::vector<AroundAnchor> results(3);
  std::vector<std::thread> threads;
  for (size_t rank = 0; rank < 3; ++rank)
    threads.emplace_back([&, rank] {
      ThreadPool pool(1);
      const Vector own = noise(size, ElementType::float32, 70 + rank);
      const Vector anchor = noise(size, ElementType::float32, 7);
      AroundAnchor& mine = results[rank];
      mine = {.met = flat_vector(size), .started = flat_vector(size)};
      Averager averager(*group[rank], pool, compression);
      averager.meet({.vectors = {{.replicas = {own},
                                  .mean = &mine.met,
                                  .write_back = false,
                                  .anchor = anchor,
                                  .outer_gradient = outer_gradient}},
                     .compress = true,
                     .number = 1},
                    soon());
      Averager later(*group[rank], pool, compression);
      later
          .start({.vectors = {own},
                  .anchor = anchor,
                  .outer_gradient = outer_gradient,
                  .mean = mine.started,
                  .number = 1})
          ->finish(soon());
    });
  for (std::thread& thread : threads) thread.join();
  return results;
}

TEST(Averager, ACompressedOuterGradientIsWhatWasSentToTheBit) {
  const Vector anchor = noise(size, ElementType::float32, 7), expected = flat_vector(size);
  for (const bool compressed : {false, true}) {
    std::optional<Compression> compression;
    if (compressed) compression = Compression{.codec = {.kind = CodecKind::bf16}, .seed = 3};
    const auto means = around_anchor(compression, false), sent = around_anchor(compression, true);
    for (size_t rank = 0; rank < 3; ++rank) {
      EXPECT_TRUE(same_bits(sent[rank].met, sent[rank].started)) << rank;
      EXPECT_TRUE(same_bits(means[rank].met, means[rank].started)) << rank;
      // What is known exactly is sent (compressed) or the mean (as it is); the other is anchor minus it.
      subtract(anchor, compressed ? sent[rank].met : means[rank].met, expected);
      EXPECT_TRUE(same_bits(compressed ? means[rank].met : sent[rank].met, expected)) << rank;
    }
    // bf16: each value sent keeps its last 16 bits zero; the difference of two floats does not.
    const auto* bits = reinterpret_cast<const uint32_t*>(sent[0].met.data<float>());
    const bool all_short = std::all_of(bits, bits + size, [](uint32_t one) { return (one & 0xFFFFU) == 0; });
    EXPECT_EQ(all_short, compressed);
  }
}

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

  Vector vector(int meeting) const { return drifted(100 * (meeting + 1) + worker, 5000); }
  Vector meet(int meeting) {
    Vector mean = flat_vector(5000), own = vector(meeting);
    averager->meet({.vectors = {{.replicas = {own}, .mean = &mean, .write_back = false}},
                    .compress = true,
                    .number = static_cast<uint64_t>(meeting)},
                   soon());
    return mean;
  }
  Vector carried(int rank) const {
    return averager->state().tensors.at("worker." + std::to_string(rank) + ".residual").values;
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
  const Vector of_first = workers[0].carried(0).copy(), of_last = workers[2].carried(2).copy();
  EXPECT_GT(norm_of(of_last), 0);

  auto two = ThreadGroup::make(2);  // rank 1 is gone; the last one becomes rank 1
  three.clear();                    // as when a group is replaced
  workers[0].averager->use_group(*two[0]);
  workers[2].averager->use_group(*two[1]);
  EXPECT_TRUE(same_bits(workers[0].carried(0), of_first));
  EXPECT_TRUE(same_bits(workers[2].carried(1), of_last));
  EXPECT_EQ(workers[2].averager->state().tensors.size(), 1U) << "parts are others now";

  std::vector<Vector> means(2);
  in_parallel(2, [&](size_t i) { means[i] = workers[2 * i].meet(3); });
  EXPECT_TRUE(same_bits(means[0], means[1]));
  // The mean, and what is carried on, are all of the vectors and of what was carried before.
  const Vector all = flat_vector(5000, ElementType::float64), wanted = all.copy();
  int64_t begin = 0;
  add(all, means[0]);
  for (int rank = 0; rank < 2; ++rank) {
    const Survivor& one = workers[static_cast<size_t>(2 * rank)];
    const Vector carried = one.carried(rank), vector = one.vector(3);
    for (int64_t i = 0; i < 5000; ++i) {
      all.data<double>()[i] += value_at(carried, i) / 2;
      wanted.data<double>()[i] += (value_at(vector, i) + value_at(rank == 0 ? of_first : of_last, i)) / 2;
    }
    const Vector of_mean =
        one.averager->state().tensors.at("worker." + std::to_string(rank) + ".mean_residual").values;
    add(all.part(begin, of_mean.size()), of_mean);
    begin += of_mean.size();
  }
  EXPECT_EQ(begin, 5000);
  EXPECT_LT(largest_difference(all, wanted), 1e-8);

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
  const Vector residual = drifted(1, 5000);
  state.tensors["worker.2.residual"] = residual;
  state.tensors["worker.2.mean_residual"] = drifted(2, 1700);
  averager.restore(state);
  averager.use_group(*two[1]);
  ASSERT_EQ(averager.state().tensors.size(), 1U);
  EXPECT_TRUE(same_bits(averager.state().tensors.at("worker.1.residual").values, residual));
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
