#include <gmock/gmock.h>

#include <thread>

#include "muster/base/error.h"
#include "muster/comm/codec/make_codec.h"
#include "muster/comm/compressed_mean.h"
#include "muster/comm/local_mean.h"
#include "muster/comm/solo.h"
#include "muster/comm/thread_group.h"
#include "muster/flat/arithmetic.h"
#include "muster/flat/norm.h"
#include "tests/support/vectors.h"

namespace muster {
namespace {

using test::value_at;

Deadline soon() { return deadline_in(std::chrono::seconds(20)); }

/// One case: a codec, with or without error feedback, `workers` vectors of `size` at each meeting.
struct Case {
  CodecOptions codec{};
  bool error_feedback = false;
  int workers = 3;
  int64_t size = 5000;
  int meetings = 3;
  ElementType type = ElementType::float32;
};

CompressedMean make_mean(const Case& c, int64_t first_worker, int64_t hosted) {
  const MessageForm form = c.codec.form(bytes_of(c.type));
  return {make_codec(c.codec, c.type),
          {.error_feedback = c.error_feedback,
           .seed = 12,
           .first_worker = first_worker,
           .hosted = hosted,
           .part_multiple = form.bucket}};
}

Vector worker_vector(const Case& c, int64_t worker, int meeting) {
  Vector drawn = flat_vector(c.size, ElementType::float64);
  RandomStream stream({.seed = 8,
                       .purpose = Purpose::test,
                       .a = static_cast<uint64_t>(worker),
                       .b = static_cast<uint64_t>(meeting)});
  for (int64_t i = 0; i < c.size; ++i) drawn.data<double>()[i] = stream.normal();
  return c.type == ElementType::float64 ? drawn : as_float32(drawn);
}

std::vector<Vector> worker_vectors(const Case& c, int64_t first, int64_t count, int meeting) {
  std::vector<Vector> vectors;
  for (int64_t worker = first; worker < first + count; ++worker)
    vectors.push_back(worker_vector(c, worker, meeting));
  return vectors;
}

Vector plain_mean(const Case& c, int meeting) {
  Vector sum = worker_vector(c, 0, meeting);
  for (int64_t worker = 1; worker < c.workers; ++worker) add(sum, worker_vector(c, worker, meeting));
  divide(sum, c.workers);
  return sum;
}

Vector constant(const Case& c, double value) {
  Vector vector = uninitialised_vector(c.size, c.type);
  fill(vector, value);
  return vector;
}

Vector difference(const Vector& a, const Vector& b) {
  Vector result = uninitialised_vector(a.size(), a.type());
  subtract(a, b, result);
  return result;
}

/// What one process saw.
struct Outcome {
  std::vector<Vector> means;  ///< of each meeting
  std::vector<int64_t> bytes;
  State state;
};

Outcome run(const Case& c, Communicator& group, CompressedMean& compressed, int64_t first, int64_t hosted,
            int first_meeting = 0) {
  Outcome outcome;
  for (int meeting = first_meeting; meeting < c.meetings; ++meeting) {
    const Vector mean = constant(c, 99);
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

void expect_same_tensors(const State& a, const State& b) {
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (const auto& [name, tensor] : a.tensors) {
    ASSERT_TRUE(b.tensors.contains(name)) << name;
    EXPECT_TRUE(same_bits(tensor.values, b.tensors.at(name).values)) << name;
    EXPECT_EQ(tensor.shape, b.tensors.at(name).shape) << name;
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
      EXPECT_TRUE(same_bits(apart[rank].means[meeting], together.means[meeting]));
    EXPECT_EQ(apart[rank].bytes[0], compressed_mean_bytes(c.codec.form(bytes_of(c.type)), c.size, c.workers,
                                                          static_cast<int64_t>(rank)));
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
                                      .type = ElementType::float64});
      }
}

TEST(CompressedMean, VectorsShorterThanTheGroup) {
  for (const CodecKind kind : all_kinds)
    for (const int64_t size : {0, 1, 3, 600})
      expect_one_process_like_many(
          {.codec = {.kind = kind}, .error_feedback = true, .workers = 4, .size = size});
}

TEST(CompressedMean, WithTheFullCodecItIsThePlainMeanToTheBit) {
  for (const ElementType type : {ElementType::float32, ElementType::float64})
    for (const int workers : {2, 3, 4}) {
      const Case c{.workers = workers, .size = 1000, .meetings = 1, .type = type};
      auto vectors = worker_vectors(c, 0, workers, 0);
      for (const Vector& vector : vectors) fill(vector.part(5, 3), -0.0);
      const Vector expected = flat_vector(c.size, type), mean = constant(c, 1);
      ThreadPool pool(1);
      local_mean(vectors, expected, {.divergence = false, .write_back = false}, pool);
      Solo solo;
      make_mean(c, 0, workers).start(solo, vectors, mean, 0)->wait(soon());
      EXPECT_TRUE(same_bits(mean, expected));
    }
}

double relative_error(const Vector& mean, const Vector& expected) {
  return norm_of(difference(mean, expected)) / norm_of(expected);
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
  const Vector vector = worker_vector(c, 0, 0), mean = flat_vector(c.size);
  Solo solo;
  make_mean(c, 0, 16).start(solo, std::vector<Vector>(16, vector), mean, 0)->wait(soon());
  const double error = relative_error(mean, vector);
  EXPECT_NEAR(error * error / (.0362 / 16 + .0362), 1, 0.1)
      << "one stream for all ranks would give 2 * .0362";
}

/// Sum of the means, of the plain means, and the residuals after so many meetings of the same vectors plus
/// noise.
struct Sums {
  Vector means, plain;
  State state;
};

/// to <- to + factor * what, in double.
void add_times(const Vector& to, double factor, const Vector& what) {
  for (int64_t i = 0; i < to.size(); ++i) to.data<double>()[i] += factor * value_at(what, i);
}

Sums accumulate(const Case& c) {
  Sums sums{flat_vector(c.size, ElementType::float64), flat_vector(c.size, ElementType::float64), {}};
  Solo solo;
  CompressedMean compressed = make_mean(c, 0, c.workers);
  for (int meeting = 0; meeting < c.meetings; ++meeting) {
    const Vector mean = flat_vector(c.size, c.type);
    std::vector<Vector> vectors;
    for (int worker = 0; worker < c.workers; ++worker) {
      const Vector noise = worker_vector(c, worker, 1 + meeting);
      multiply(noise, 0.3);
      vectors.push_back(worker_vector(c, worker, 0));
      add(vectors.back(), noise);
      add_times(sums.plain, 1.0 / c.workers, vectors.back());
    }
    compressed.start(solo, vectors, mean, static_cast<uint64_t>(meeting))->wait(soon());
    compressed.commit();
    add(sums.means, mean);
  }
  sums.state = compressed.state();
  return sums;
}

/// Mean of the contributors' residuals plus the owners' ones: what the means still owe.
Vector owed(const Case& c, const State& state) {
  Vector owed = flat_vector(c.size, ElementType::float64);
  int64_t begin = 0;
  for (int worker = 0; worker < c.workers; ++worker) {
    const std::string name = "worker." + std::to_string(worker);
    add_times(owed, 1.0 / c.workers, state.tensors.at(name + ".residual").values);
    const Vector& own = state.tensors.at(name + ".mean_residual").values;
    add(owed.part(begin, own.size()), own);
    begin += own.size();
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
      const Vector error = difference(sums.plain, sums.means);
      errors[late] = norm_of(error);
      const double plain = norm_of(sums.plain);
      // Exactly what the residuals hold is missing, whatever the codec did.
      EXPECT_LT(norm_of(difference(error, owed(c, sums.state))), 1e-5 * plain);
      EXPECT_LT(errors[late], 6 * plain / c.meetings) << "at most six vectors are ever owed";
    }
    EXPECT_LT(errors[1], 1.2 * errors[0]) << "the sum of errors is bounded";
  }
}

// Why CodecOptions::validate_for_error_feedback refuses it: one message carries many times the vector.
TEST(ErrorFeedback, WithTwoBitsRoundedAtRandomItAddsMoreNoiseThanItTakesAway) {
  const Case with = feedback_case({.kind = CodecKind::qsgd2}, true, 100);
  EXPECT_THROW(with.codec.validate_for_error_feedback(), OptionError);
  EXPECT_GT(norm_of(owed(with, accumulate(with).state)), 10 * norm_of(plain_mean(with, 0)));
}

TEST(ErrorFeedback, WithoutItTopKForgetsSmallValues) {
  const CodecOptions codec{.kind = CodecKind::top_k, .top_fraction = 0.1};
  const Sums without = accumulate(feedback_case(codec, false, 200));
  EXPECT_GT(norm_of(difference(without.plain, without.means)), 0.4 * norm_of(without.plain));
  EXPECT_TRUE(without.state.tensors.empty());
}

// Why CodecOptions::validate_for_error_feedback refuses it: the error of one encoding is larger than the
// vector.
TEST(ErrorFeedback, WithATwoNormAndFewLevelsItWouldGrowWithoutEnd) {
  const CodecOptions codec{.kind = CodecKind::qsgd4, .scale = QsgdScale::two_norm};
  EXPECT_THROW(codec.validate_for_error_feedback(), OptionError);
  const Case c = feedback_case(codec, true, 60);
  EXPECT_GT(norm_of(owed(c, accumulate(c).state)), 1e4);
}

/// A group whose second operation (the gather) loses a peer where `armed`.
class LosesAPeer final : public Communicator {
 public:
  explicit LosesAPeer(Communicator& inner) : inner_(inner) {}
  bool armed = false;
  int rank() const override { return inner_.rank(); }
  int size() const override { return inner_.size(); }
  std::unique_ptr<Pending> start_mean(const Vector& vector, Vector& mean) override {
    return inner_.start_mean(vector, mean);
  }
  std::unique_ptr<Pending> start_exchange(const std::vector<Vector>& parts,
                                          std::vector<Vector>& received) override {
    return inner_.start_exchange(parts, received);
  }
  std::unique_ptr<Pending> start_gather(const Vector& part, std::vector<Vector>& received) override {
    if (armed) return std::make_unique<Lost>();
    return inner_.start_gather(part, received);
  }
  void broadcast(Vector& vector, int root) override { inner_.broadcast(vector, root); }

 private:
  class Lost final : public Pending {
   public:
    void wait(Deadline) override { throw LostPeer("rank 1 is gone"); }
  };
  Communicator& inner_;
};

// A run that averages gradients first and parameters later: one's losses have no place in the other.
TEST(ErrorFeedback, OfGradientsDoesNotEnterOuterGradients) {
  const Case c{.codec = {.kind = CodecKind::top_k}, .error_feedback = true};
  Solo solo;
  const Vector anchor = constant(c, 1);
  const auto meet = [&](CompressedMean& compressed, int meeting, bool differences) {
    const Vector mean = flat_vector(c.size);
    compressed
        .start(solo, worker_vectors(c, 0, 3, meeting), mean, static_cast<uint64_t>(meeting),
               differences ? anchor : Vector())
        ->wait(soon());
    compressed.commit();
    return mean;
  };
  CompressedMean after_gradients = make_mean(c, 0, 3), fresh = make_mean(c, 0, 3),
                 resumed = make_mean(c, 0, 3);
  meet(after_gradients, 0, false);
  resumed.restore(after_gradients.state());
  const Vector expected = meet(fresh, 1, true);
  EXPECT_TRUE(same_bits(meet(after_gradients, 1, true), expected));
  EXPECT_TRUE(same_bits(meet(resumed, 1, true), expected));
  // Of one kind they go on.
  CompressedMean forgetful = make_mean(c, 0, 3);
  EXPECT_FALSE(same_bits(meet(after_gradients, 2, true), meet(forgetful, 2, true)));
}

TEST(CompressedMean, DifferencesToAnAnchorAreTakenHere) {
  for (const bool error_feedback : {false, true}) {
    const Case c{.codec = {.kind = CodecKind::qsgd4}, .error_feedback = error_feedback};
    Solo solo;
    const Vector anchor = worker_vector(c, 77, 0);
    CompressedMean here = make_mean(c, 0, 3), before = make_mean(c, 0, 3);
    for (int meeting = 0; meeting < 3; ++meeting) {
      const Vector one = flat_vector(c.size), other = flat_vector(c.size);
      std::vector<Vector> vectors = worker_vectors(c, 0, 3, meeting);
      here.start(solo, vectors, one, static_cast<uint64_t>(meeting), anchor)->wait(soon());
      for (Vector& vector : vectors) vector = difference(anchor, vector);
      before.start(solo, vectors, other, static_cast<uint64_t>(meeting))->wait(soon());
      here.commit();
      before.commit();
      EXPECT_TRUE(same_bits(one, other));
    }
  }
}

// In the second half of a meeting on all ranks: the next attempt gives the bits of an undisturbed run.
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
        const Vector mean = constant(c, 99);
        State before;
        for (const auto& [name, tensor] : compressed.state().tensors)
          before.tensors[name] = {tensor.values.copy(), tensor.shape};
        lossy.armed = true;
        EXPECT_THROW(compressed.start(lossy, vectors, mean, static_cast<uint64_t>(meeting))->wait(soon()),
                     LostPeer);
        EXPECT_TRUE(same_bits(mean, constant(c, 99)));
        expect_same_tensors(compressed.state(), before);
        EXPECT_THROW(compressed.commit(), Bug);
        lossy.armed = false;
        compressed.start(lossy, vectors, mean, static_cast<uint64_t>(meeting))->wait(soon());
        compressed.commit();
        EXPECT_TRUE(same_bits(mean, undisturbed.means[static_cast<size_t>(meeting)]));
      }
    });
  for (std::thread& thread : threads) thread.join();
}

TEST(CompressedMean, APeerThatLeftIsLost) {
  const Case c{.codec = {.kind = CodecKind::qsgd8}, .error_feedback = true, .workers = 2};
  auto group = ThreadGroup::make(2);
  CompressedMean compressed = make_mean(c, 0, 1);
  const Vector mean = constant(c, 99);
  const auto pending = compressed.start(*group[0], worker_vectors(c, 0, 1, 0), mean, 0);
  group[1].reset();
  EXPECT_THROW(pending->wait(soon()), LostPeer);
  EXPECT_TRUE(same_bits(mean, constant(c, 99)));
  EXPECT_TRUE(compressed.state().tensors.empty());
}

TEST(CompressedMean, WithoutCommitResidualsStay) {
  const Case c{.codec = {.kind = CodecKind::qsgd4}, .error_feedback = true, .meetings = 1};
  Solo solo;
  CompressedMean compressed = make_mean(c, 0, c.workers);
  const Vector first = flat_vector(c.size), second = flat_vector(c.size), third = flat_vector(c.size);
  EXPECT_THROW(compressed.commit(), Bug);
  compressed.start(solo, worker_vectors(c, 0, 3, 0), first, 0)->wait(soon());
  compressed.start(solo, worker_vectors(c, 0, 3, 0), second, 0)->wait(soon());
  EXPECT_TRUE(same_bits(first, second));
  compressed.commit();
  EXPECT_THROW(compressed.commit(), Bug);
  compressed.start(solo, worker_vectors(c, 0, 3, 0), third, 0)->wait(soon());
  EXPECT_FALSE(same_bits(first, third));
  compressed.restore({});
  EXPECT_TRUE(compressed.state().tensors.empty());
  compressed.start(solo, worker_vectors(c, 0, 3, 0), third, 0)->wait(soon());
  EXPECT_TRUE(same_bits(first, third));
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
      fill(vectors[0], 7);  // it has been read
      pending->turn(soon());
      pending->turn(soon());
      EXPECT_TRUE(same_bits(vectors[0], constant(c, 7)));
      pending->wait(soon());
      pending->wait(soon());
      EXPECT_TRUE(same_bits(vectors[0], expected.means[0]));
    });
  for (std::thread& thread : threads) thread.join();
}

TEST(CompressedMean, AnotherMeetingSeedOrWorkerDrawsOtherNumbers) {
  const Case c{.codec = {.kind = CodecKind::qsgd4}, .workers = 2, .meetings = 1};
  Solo solo;
  const auto mean_with = [&](uint64_t seed, int64_t first_worker, uint64_t meeting) {
    const Vector mean = flat_vector(c.size);
    CompressedMean compressed(make_codec(c.codec), {.seed = seed, .first_worker = first_worker, .hosted = 2});
    compressed.start(solo, worker_vectors(c, 0, 2, 0), mean, meeting)->wait(soon());
    return mean;
  };
  const Vector one = mean_with(1, 0, 0);
  EXPECT_TRUE(same_bits(one, mean_with(1, 0, 0)));
  for (const Vector& other : {mean_with(2, 0, 0), mean_with(1, 1, 0), mean_with(1, 0, 1)})
    EXPECT_FALSE(same_bits(one, other));
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
    EXPECT_TRUE(same_bits(rest.means[meeting], whole.means[meeting + 2]));

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
  const Vector mean = flat_vector(c.size);
  EXPECT_THROW(compressed.start(solo, {vectors[0]}, mean, 0), Bug);
  EXPECT_THROW(compressed.start(solo, {vectors[0], vectors[1].part(1, 10)}, mean, 0), Error);
  EXPECT_THROW(compressed.start(solo, vectors, flat_vector(c.size, ElementType::float64), 0), Error);
  EXPECT_THROW(compressed.start(solo, vectors, flat_vector(c.size, ElementType::int64), 0), Error);
  auto group = ThreadGroup::make(2);
  EXPECT_THROW(compressed.start(*group[0], vectors, mean, 0), Bug);
  compressed.start(solo, vectors, mean, 0)->wait(soon());
  compressed.commit();
  const Vector shorter = flat_vector(64);
  EXPECT_THROW(compressed.start(solo, {shorter, shorter}, shorter, 1), Error);
}

}  // namespace
}  // namespace muster
