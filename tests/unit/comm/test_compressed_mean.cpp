#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cstring>
#include <thread>

#include "muster/base/error.h"
#include "muster/comm/compressed_mean.h"
#include "muster/comm/local_mean.h"
#include "muster/comm/make_codec.h"
#include "muster/comm/solo.h"
#include "muster/comm/thread_group.h"

namespace muster {
namespace {

Deadline soon() { return deadline_in(std::chrono::seconds(20)); }

/// One case: a codec, with or without error feedback, `workers` vectors of `size` at each meeting.
struct Case {
  CodecOptions codec{};
  bool error_feedback = false;
  int workers = 3;
  int64_t size = 5000;
  int meetings = 3;
  at::ScalarType type = at::kFloat;
};

CompressedMean make_mean(const Case& c, int64_t first_worker, int64_t hosted) {
  const MessageForm form = c.codec.form(static_cast<int64_t>(c10::elementSize(c.type)));
  return {make_codec(c.codec, c.type),
          {.error_feedback = c.error_feedback,
           .seed = 12,
           .first_worker = first_worker,
           .hosted = hosted,
           .part_multiple = form.bucket}};
}

at::Tensor worker_vector(const Case& c, int64_t worker, int meeting) {
  const at::Tensor drawn = at::zeros({c.size}, at::kDouble);
  RandomStream stream({.seed = 8,
                       .purpose = Purpose::test,
                       .a = static_cast<uint64_t>(worker),
                       .b = static_cast<uint64_t>(meeting)});
  for (int64_t i = 0; i < c.size; ++i) drawn.data_ptr<double>()[i] = stream.normal();
  return drawn.to(c.type);
}

std::vector<at::Tensor> worker_vectors(const Case& c, int64_t first, int64_t count, int meeting) {
  std::vector<at::Tensor> vectors;
  for (int64_t worker = first; worker < first + count; ++worker)
    vectors.push_back(worker_vector(c, worker, meeting));
  return vectors;
}

at::Tensor plain_mean(const Case& c, int meeting) {
  at::Tensor sum = worker_vector(c, 0, meeting);
  for (int64_t worker = 1; worker < c.workers; ++worker) sum.add_(worker_vector(c, worker, meeting));
  return sum / c.workers;
}

/// What one process saw.
struct Outcome {
  std::vector<at::Tensor> means;  ///< of each meeting
  std::vector<int64_t> bytes;
  State state;
};

Outcome run(const Case& c, Communicator& group, CompressedMean& compressed, int64_t first, int64_t hosted,
            int first_meeting = 0) {
  Outcome outcome;
  for (int meeting = first_meeting; meeting < c.meetings; ++meeting) {
    const at::Tensor mean = at::full({c.size}, 99, c.type);
    const auto pending = compressed.start(group, worker_vectors(c, first, hosted, meeting), mean,
                                          static_cast<uint64_t>(meeting));
    pending->wait(soon());
    compressed.commit();
    outcome.means.push_back(mean);
    outcome.bytes.push_back(pending->message_bytes_sent());
  }
  outcome.state = compressed.state();
  return outcome;
}

Outcome run_together(const Case& c) {
  Solo solo;
  CompressedMean compressed = make_mean(c, 0, c.workers);
  return run(c, solo, compressed, 0, c.workers);
}

std::vector<Outcome> run_apart(const Case& c) {
  auto group = ThreadGroup::make(c.workers);
  std::vector<Outcome> outcomes(static_cast<size_t>(c.workers));
  std::vector<std::thread> threads;
  for (int rank = 0; rank < c.workers; ++rank)
    threads.emplace_back([&, rank] {
      CompressedMean compressed = make_mean(c, rank, 1);
      outcomes[static_cast<size_t>(rank)] = run(c, *group[static_cast<size_t>(rank)], compressed, rank, 1);
    });
  for (std::thread& thread : threads) thread.join();
  return outcomes;
}

void expect_same_bits(const at::Tensor& a, const at::Tensor& b) {
  ASSERT_EQ(a.nbytes(), b.nbytes());
  ASSERT_EQ(a.scalar_type(), b.scalar_type());
  EXPECT_EQ(a.nbytes() == 0 ? 0 : std::memcmp(a.data_ptr(), b.data_ptr(), a.nbytes()), 0);
}

void expect_same_tensors(const State& a, const State& b) {
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (const auto& [name, tensor] : a.tensors) {
    ASSERT_TRUE(b.tensors.contains(name)) << name;
    expect_same_bits(tensor, b.tensors.at(name));
  }
}

constexpr CodecKind all_kinds[] = {CodecKind::full,  CodecKind::fp16,  CodecKind::bf16, CodecKind::qsgd8,
                                   CodecKind::qsgd4, CodecKind::qsgd2, CodecKind::int8, CodecKind::top_k};

/// Ranks, and one process of as many workers: the same bits, the same bytes in all, the same residuals.
void expect_one_process_like_many(const Case& c) {
  const Outcome together = run_together(c);
  const std::vector<Outcome> apart = run_apart(c);
  State joined;
  for (size_t rank = 0; rank < apart.size(); ++rank) {
    for (size_t meeting = 0; meeting < together.means.size(); ++meeting)
      expect_same_bits(apart[rank].means[meeting], together.means[meeting]);
    EXPECT_EQ(apart[rank].bytes[0],
              compressed_mean_bytes(c.codec.form(static_cast<int64_t>(c10::elementSize(c.type))), c.size,
                                    c.workers, static_cast<int64_t>(rank)));
    for (const auto& [name, tensor] : apart[rank].state.tensors) joined.tensors[name] = tensor;
  }
  for (size_t meeting = 0; meeting < together.means.size(); ++meeting) {
    int64_t bytes = 0;
    for (const Outcome& outcome : apart) bytes += outcome.bytes[meeting];
    EXPECT_EQ(bytes, together.bytes[meeting]);
  }
  expect_same_tensors(joined, together.state);
}

TEST(CompressedMean, OneProcessHasTheBitsOfAsManyRanks) {
  for (const CodecKind kind : all_kinds)
    for (const bool error_feedback : {false, true})
      for (const int workers : {1, 2, 3, 5}) {
        expect_one_process_like_many(
            {.codec = {.kind = kind}, .error_feedback = error_feedback, .workers = workers});
        expect_one_process_like_many({.codec = {.kind = kind},
                                      .error_feedback = error_feedback,
                                      .workers = workers,
                                      .size = 1301,
                                      .type = at::kDouble});
      }
}

TEST(CompressedMean, VectorsShorterThanTheGroup) {
  for (const CodecKind kind : all_kinds)
    for (const int64_t size : {0, 1, 3, 600})
      expect_one_process_like_many(
          {.codec = {.kind = kind}, .error_feedback = true, .workers = 4, .size = size});
}

TEST(CompressedMean, WithTheFullCodecItIsThePlainMeanToTheBit) {
  for (const at::ScalarType type : {at::kFloat, at::kDouble})
    for (const int workers : {2, 3, 4}) {
      const Case c{.workers = workers, .size = 1000, .meetings = 1, .type = type};
      auto vectors = worker_vectors(c, 0, workers, 0);
      for (const at::Tensor& vector : vectors) vector.narrow(0, 5, 3).fill_(-0.0);
      const at::Tensor expected = at::zeros({c.size}, type), mean = at::ones({c.size}, type);
      ThreadPool pool(1);
      local_mean(vectors, expected, {.divergence = false, .write_back = false}, pool);
      Solo solo;
      make_mean(c, 0, workers).start(solo, vectors, mean, 0)->wait(soon());
      expect_same_bits(mean, expected);
    }
}

double relative_error(const at::Tensor& mean, const at::Tensor& expected) {
  return ((mean - expected).norm() / expected.norm()).item<double>();
}

// N independent normal vectors: their errors add up to omega |mean|^2, and the second encoding adds omega
// times what it encodes, which is (1 + omega) |mean|^2.
TEST(CompressedMean, ErrorsAreThoseOfTwoEncodings) {
  struct Expected {
    CodecKind kind;
    double omega;
  };
  for (const auto& [kind, omega] : {Expected{CodecKind::qsgd8, 1.10e-4}, {CodecKind::qsgd4, .0362}})
    for (const int workers : {2, 8}) {
      const Case c{.codec = {.kind = kind}, .workers = workers, .size = 1 << 17, .meetings = 1};
      const double error = relative_error(run_together(c).means[0], plain_mean(c, 0));
      EXPECT_NEAR(error * error / (omega + omega * (1 + omega)), 1, 0.05);
    }
}

TEST(CompressedMean, OfEqualVectorsHasTheErrorOfOneOverN) {
  const Case c{.codec = {.kind = CodecKind::qsgd4}, .workers = 16, .size = 1 << 16, .meetings = 1};
  const at::Tensor vector = worker_vector(c, 0, 0), mean = at::zeros({c.size}, at::kFloat);
  Solo solo;
  make_mean(c, 0, 16).start(solo, std::vector<at::Tensor>(16, vector), mean, 0)->wait(soon());
  const double error = relative_error(mean, vector);
  EXPECT_NEAR(error * error / (.0362 / 16 + .0362), 1, 0.1)
      << "one stream for all ranks would give 2 * .0362";
}

/// Sum of the means, of the plain means, and the residuals after so many meetings of the same vectors plus
/// noise.
struct Sums {
  at::Tensor means, plain;
  State state;
};

Sums accumulate(const Case& c) {
  Sums sums{at::zeros({c.size}, at::kDouble), at::zeros({c.size}, at::kDouble), {}};
  Solo solo;
  CompressedMean compressed = make_mean(c, 0, c.workers);
  for (int meeting = 0; meeting < c.meetings; ++meeting) {
    const at::Tensor mean = at::zeros({c.size}, c.type);
    std::vector<at::Tensor> vectors;
    for (int worker = 0; worker < c.workers; ++worker) {
      vectors.push_back(worker_vector(c, worker, 0) + 0.3 * worker_vector(c, worker, 1 + meeting));
      sums.plain.add_(vectors.back().to(at::kDouble), 1.0 / c.workers);
    }
    compressed.start(solo, vectors, mean, static_cast<uint64_t>(meeting))->wait(soon());
    compressed.commit();
    sums.means.add_(mean);
  }
  sums.state = compressed.state();
  return sums;
}

/// Mean of the contributors' residuals plus the owners' ones: what the means still owe.
at::Tensor owed(const Case& c, const State& state) {
  at::Tensor owed = at::zeros({c.size}, at::kDouble);
  int64_t begin = 0;
  for (int worker = 0; worker < c.workers; ++worker) {
    const std::string name = "worker." + std::to_string(worker);
    owed.add_(state.tensors.at(name + ".residual").to(at::kDouble), 1.0 / c.workers);
    const at::Tensor& own = state.tensors.at(name + ".mean_residual");
    owed.narrow(0, begin, own.numel()).add_(own.to(at::kDouble));
    begin += own.numel();
  }
  EXPECT_EQ(begin, c.size);
  return owed;
}

Case feedback_case(const CodecOptions& codec, bool error_feedback, int meetings) {
  return {.codec = codec, .error_feedback = error_feedback, .workers = 3, .size = 1000, .meetings = meetings};
}

TEST(ErrorFeedback, TheRunningMeanTracksThatOfTheInputs) {
  for (const CodecOptions& codec :
       {CodecOptions{.kind = CodecKind::top_k, .top_fraction = 0.1}, CodecOptions{.kind = CodecKind::qsgd4},
        CodecOptions{.kind = CodecKind::qsgd4, .rounding = QsgdRounding::nearest},
        CodecOptions{.kind = CodecKind::qsgd2, .rounding = QsgdRounding::nearest},
        CodecOptions{.kind = CodecKind::int8}, CodecOptions{.kind = CodecKind::bf16},
        CodecOptions{.kind = CodecKind::qsgd8, .scale = QsgdScale::two_norm}}) {
    double errors[2];
    for (const int late : {0, 1}) {
      const Case c = feedback_case(codec, true, late ? 200 : 50);
      const Sums sums = accumulate(c);
      const at::Tensor error = sums.plain - sums.means;
      errors[late] = error.norm().item<double>();
      const double plain = sums.plain.norm().item<double>();
      // Exactly what the residuals hold is missing, whatever the codec did.
      EXPECT_LT((error - owed(c, sums.state)).norm().item<double>(), 1e-5 * plain);
      EXPECT_LT(errors[late], 6 * plain / c.meetings) << "at most six vectors are ever owed";
    }
    EXPECT_LT(errors[1], 1.2 * errors[0]) << "the sum of errors is bounded";
  }
}

// Why CodecOptions::validate_for_error_feedback refuses it: one message carries many times the vector.
TEST(ErrorFeedback, WithTwoBitsRoundedAtRandomItAddsMoreNoiseThanItTakesAway) {
  const Case with = feedback_case({.kind = CodecKind::qsgd2}, true, 100);
  EXPECT_THROW(with.codec.validate_for_error_feedback(), OptionError);
  EXPECT_GT(owed(with, accumulate(with).state).norm().item<double>(),
            10 * plain_mean(with, 0).norm().item<double>());
}

TEST(ErrorFeedback, WithoutItTopKForgetsSmallValues) {
  const CodecOptions codec{.kind = CodecKind::top_k, .top_fraction = 0.1};
  const Sums without = accumulate(feedback_case(codec, false, 200));
  EXPECT_GT((without.plain - without.means).norm().item<double>(), 0.4 * without.plain.norm().item<double>());
  EXPECT_TRUE(without.state.tensors.empty());
}

// Why CodecOptions::validate_for_error_feedback refuses it: the error of one encoding is larger than the
// vector.
TEST(ErrorFeedback, WithATwoNormAndFewLevelsItWouldGrowWithoutEnd) {
  const CodecOptions codec{.kind = CodecKind::qsgd4, .scale = QsgdScale::two_norm};
  EXPECT_THROW(codec.validate_for_error_feedback(), OptionError);
  const Case c = feedback_case(codec, true, 60);
  EXPECT_GT(owed(c, accumulate(c).state).norm().item<double>(), 1e4);
}

/// A group whose second operation (the gather) loses a peer where `armed`.
class LosesAPeer final : public Communicator {
 public:
  explicit LosesAPeer(Communicator& inner) : inner_(inner) {}
  bool armed = false;
  int rank() const override { return inner_.rank(); }
  int size() const override { return inner_.size(); }
  std::unique_ptr<Pending> start_mean(const at::Tensor& vector, at::Tensor& mean) override {
    return inner_.start_mean(vector, mean);
  }
  std::unique_ptr<Pending> start_exchange(const std::vector<at::Tensor>& parts,
                                          std::vector<at::Tensor>& received) override {
    return inner_.start_exchange(parts, received);
  }
  std::unique_ptr<Pending> start_gather(const at::Tensor& part, std::vector<at::Tensor>& received) override {
    if (armed) return std::make_unique<Lost>();
    return inner_.start_gather(part, received);
  }
  void broadcast(at::Tensor& vector, int root) override { inner_.broadcast(vector, root); }

 private:
  class Lost final : public Pending {
   public:
    void wait(Deadline) override { throw LostPeer("rank 1 is gone"); }
  };
  Communicator& inner_;
};

// In the second half of a meeting on all ranks: the next attempt gives the bits of an undisturbed run.
// A run that averages gradients first and parameters later: one's losses have no place in the other.
TEST(ErrorFeedback, OfGradientsDoesNotEnterOuterGradients) {
  const Case c{.codec = {.kind = CodecKind::top_k}, .error_feedback = true};
  Solo solo;
  const at::Tensor anchor = at::ones({c.size});
  const auto meet = [&](CompressedMean& compressed, int meeting, bool differences) {
    const at::Tensor mean = at::zeros({c.size});
    compressed
        .start(solo, worker_vectors(c, 0, 3, meeting), mean, static_cast<uint64_t>(meeting),
               differences ? anchor : at::Tensor())
        ->wait(soon());
    compressed.commit();
    return mean;
  };
  CompressedMean after_gradients = make_mean(c, 0, 3), fresh = make_mean(c, 0, 3),
                 resumed = make_mean(c, 0, 3);
  meet(after_gradients, 0, false);
  resumed.restore(after_gradients.state());
  const at::Tensor expected = meet(fresh, 1, true);
  expect_same_bits(meet(after_gradients, 1, true), expected);
  expect_same_bits(meet(resumed, 1, true), expected);
  // Of one kind they go on.
  CompressedMean forgetful = make_mean(c, 0, 3);
  EXPECT_FALSE(at::equal(meet(after_gradients, 2, true), meet(forgetful, 2, true)));
}

TEST(CompressedMean, DifferencesToAnAnchorAreTakenHere) {
  for (const bool error_feedback : {false, true}) {
    const Case c{.codec = {.kind = CodecKind::qsgd4}, .error_feedback = error_feedback};
    Solo solo;
    const at::Tensor anchor = worker_vector(c, 77, 0);
    CompressedMean here = make_mean(c, 0, 3), before = make_mean(c, 0, 3);
    for (int meeting = 0; meeting < 3; ++meeting) {
      const at::Tensor one = at::zeros({c.size}), other = at::zeros({c.size});
      std::vector<at::Tensor> vectors = worker_vectors(c, 0, 3, meeting);
      here.start(solo, vectors, one, static_cast<uint64_t>(meeting), anchor)->wait(soon());
      for (at::Tensor& vector : vectors) vector = anchor - vector;
      before.start(solo, vectors, other, static_cast<uint64_t>(meeting))->wait(soon());
      here.commit();
      before.commit();
      expect_same_bits(one, other);
    }
  }
}

TEST(CompressedMean, AFailedMeetingChangesNeitherMeanNorResiduals) {
  const Case c{.codec = {.kind = CodecKind::qsgd4}, .error_feedback = true, .workers = 2, .size = 3000};
  const Outcome undisturbed = run_together(c);
  auto group = ThreadGroup::make(2);
  std::vector<std::thread> threads;
  for (int rank = 0; rank < 2; ++rank)
    threads.emplace_back([&, rank] {
      LosesAPeer lossy(*group[static_cast<size_t>(rank)]);
      CompressedMean compressed = make_mean(c, rank, 1);
      for (int meeting = 0; meeting < c.meetings; ++meeting) {
        const auto vectors = worker_vectors(c, rank, 1, meeting);
        const at::Tensor mean = at::full({c.size}, 99, at::kFloat);
        State before;
        for (const auto& [name, tensor] : compressed.state().tensors) before.tensors[name] = tensor.clone();
        lossy.armed = true;
        EXPECT_THROW(compressed.start(lossy, vectors, mean, static_cast<uint64_t>(meeting))->wait(soon()),
                     LostPeer);
        EXPECT_TRUE((mean == 99).all().item<bool>());
        expect_same_tensors(compressed.state(), before);
        EXPECT_THROW(compressed.commit(), Bug);
        lossy.armed = false;
        compressed.start(lossy, vectors, mean, static_cast<uint64_t>(meeting))->wait(soon());
        compressed.commit();
        expect_same_bits(mean, undisturbed.means[static_cast<size_t>(meeting)]);
      }
    });
  for (std::thread& thread : threads) thread.join();
}

TEST(CompressedMean, APeerThatLeftIsLost) {
  const Case c{.codec = {.kind = CodecKind::qsgd8}, .error_feedback = true, .workers = 2};
  auto group = ThreadGroup::make(2);
  CompressedMean compressed = make_mean(c, 0, 1);
  const at::Tensor mean = at::full({c.size}, 99, at::kFloat);
  const auto pending = compressed.start(*group[0], worker_vectors(c, 0, 1, 0), mean, 0);
  group[1].reset();
  EXPECT_THROW(pending->wait(soon()), LostPeer);
  EXPECT_TRUE((mean == 99).all().item<bool>());
  EXPECT_TRUE(compressed.state().tensors.empty());
}

TEST(CompressedMean, WithoutCommitResidualsStay) {
  const Case c{.codec = {.kind = CodecKind::qsgd4}, .error_feedback = true, .meetings = 1};
  Solo solo;
  CompressedMean compressed = make_mean(c, 0, c.workers);
  const at::Tensor first = at::zeros({c.size}), second = at::zeros({c.size}), third = at::zeros({c.size});
  EXPECT_THROW(compressed.commit(), Bug);
  compressed.start(solo, worker_vectors(c, 0, 3, 0), first, 0)->wait(soon());
  compressed.start(solo, worker_vectors(c, 0, 3, 0), second, 0)->wait(soon());
  expect_same_bits(first, second);
  compressed.commit();
  EXPECT_THROW(compressed.commit(), Bug);
  compressed.start(solo, worker_vectors(c, 0, 3, 0), third, 0)->wait(soon());
  EXPECT_FALSE(at::equal(first, third));
  compressed.restore({});
  EXPECT_TRUE(compressed.state().tensors.empty());
  compressed.start(solo, worker_vectors(c, 0, 3, 0), third, 0)->wait(soon());
  expect_same_bits(first, third);
}

TEST(CompressedMean, MayTurnBeforehandAndWriteToAContribution) {
  const Case c{.codec = {.kind = CodecKind::qsgd4}, .workers = 2, .meetings = 1};
  const Outcome expected = run_together(c);
  auto group = ThreadGroup::make(2);
  std::vector<std::thread> threads;
  for (int rank = 0; rank < 2; ++rank)
    threads.emplace_back([&, rank] {
      CompressedMean compressed = make_mean(c, rank, 1);
      const auto vectors = worker_vectors(c, rank, 1, 0);
      const auto pending = compressed.start(*group[static_cast<size_t>(rank)], vectors, vectors[0], 0);
      vectors[0].fill_(7);  // it has been read
      pending->turn(soon());
      pending->turn(soon());
      EXPECT_TRUE((vectors[0] == 7).all().item<bool>());
      pending->wait(soon());
      pending->wait(soon());
      expect_same_bits(vectors[0], expected.means[0]);
    });
  for (std::thread& thread : threads) thread.join();
}

TEST(CompressedMean, AnotherMeetingSeedOrWorkerDrawsOtherNumbers) {
  const Case c{.codec = {.kind = CodecKind::qsgd4}, .workers = 2, .meetings = 1};
  Solo solo;
  const auto mean_with = [&](uint64_t seed, int64_t first_worker, uint64_t meeting) {
    const at::Tensor mean = at::zeros({c.size});
    CompressedMean compressed(make_codec(c.codec), {.seed = seed, .first_worker = first_worker, .hosted = 2});
    compressed.start(solo, worker_vectors(c, 0, 2, 0), mean, meeting)->wait(soon());
    return mean;
  };
  const at::Tensor one = mean_with(1, 0, 0);
  expect_same_bits(one, mean_with(1, 0, 0));
  for (const at::Tensor& other : {mean_with(2, 0, 0), mean_with(1, 1, 0), mean_with(1, 0, 1)})
    EXPECT_FALSE(at::equal(one, other));
}

TEST(CompressedMean, AProcessCanGoOnWhereSeveralStopped) {
  Case c{.codec = {.kind = CodecKind::qsgd4}, .error_feedback = true, .workers = 4, .meetings = 5};
  const Outcome whole = run_together(c);
  c.meetings = 2;
  State joined;
  for (const Outcome& outcome : run_apart(c))
    for (const auto& [name, tensor] : outcome.state.tensors) joined.tensors[name] = tensor;
  c.meetings = 5;
  Solo solo;
  CompressedMean resumed = make_mean(c, 0, 4);
  resumed.restore(joined);
  const Outcome rest = run(c, solo, resumed, 0, 4, 2);
  for (size_t meeting = 0; meeting < 3; ++meeting)
    expect_same_bits(rest.means[meeting], whole.means[meeting + 2]);

  CompressedMean third = make_mean(c, 2, 1);
  third.restore(joined);
  EXPECT_THAT(third.state().tensors, testing::SizeIs(2));
  CompressedMean stranger = make_mean(c, 4, 1);
  EXPECT_THROW(stranger.restore(joined), CheckpointError);
  stranger.restore({});
  EXPECT_TRUE(stranger.state().tensors.empty());
}

TEST(CompressedMean, RefusesWhatDoesNotFit) {
  const Case c{.codec = {.kind = CodecKind::qsgd4}, .error_feedback = true, .workers = 2, .meetings = 1};
  Solo solo;
  CompressedMean compressed = make_mean(c, 0, 2);
  const auto vectors = worker_vectors(c, 0, 2, 0);
  const at::Tensor mean = at::zeros({c.size});
  EXPECT_THROW(compressed.start(solo, {vectors[0]}, mean, 0), Bug);
  EXPECT_THROW(compressed.start(solo, {vectors[0], vectors[1].narrow(0, 1, 10)}, mean, 0), Error);
  EXPECT_THROW(compressed.start(solo, vectors, at::zeros({c.size}, at::kDouble), 0), Error);
  EXPECT_THROW(compressed.start(solo, vectors, at::zeros({c.size}, at::kInt), 0), Error);
  auto group = ThreadGroup::make(2);
  EXPECT_THROW(compressed.start(*group[0], vectors, mean, 0), Bug);
  compressed.start(solo, vectors, mean, 0)->wait(soon());
  compressed.commit();
  const at::Tensor shorter = at::zeros({64});
  EXPECT_THROW(compressed.start(solo, {shorter, shorter}, shorter, 1), Error);
}

}  // namespace
}  // namespace muster
