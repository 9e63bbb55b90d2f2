#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "muster/base/error.h"
#include "muster/optim/delay_compensation.h"
#include "muster/optim/delayed_nesterov.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/vectors.h"
#include "tests/unit/asynchronous/bowl_run.h"

namespace muster {
namespace {

std::unique_ptr<OuterOptimizer> delayed(int64_t size, ElementType type) {
  return std::make_unique<DelayedNesterov>(DelayedNesterovOptions{}, size, type);
}

/// Bit for bit, counts and all.
void expect_same(const State& a, const State& b) {
  EXPECT_EQ(a.numbers, b.numbers);
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (const auto& [name, tensor] : a.tensors) {
    const ShapedVector& other = b.tensors.at(name);
    EXPECT_EQ(tensor.shape, other.shape) << name;
    EXPECT_TRUE(same_bits(tensor.values, other.values)) << name;
  }
}

State copied(const State& state) {
  State copy = state;
  for (auto& [name, tensor] : copy.tensors) tensor.values = tensor.values.copy();
  return copy;
}

class AsyncServerDoor : public ::testing::Test {
 protected:
  AsyncServerDoor() {
    options_.max_norm = 100;
    options_.weight.threshold = 1;
    server_ = BowlRun::make_server(options_, delayed);
    for (int64_t worker = 0; worker < 3; ++worker) server_->apply(WorkerJoined{worker, 0, {}});
    given_ = server_->apply(WorkersReleased{0}).assignments;
  }

  Contribution contribution(size_t worker) const {
    const Assignment& round = given_[worker];
    Contribution made;
    made.worker = round.worker;
    made.sequence = round.sequence;
    made.version = round.version;
    made.shard = round.shard;
    made.local_steps = round.local_steps;
    made.tokens = 40;
    made.completed = 10;
    made.compute_seconds = 10;
    made.loss = 1;
    made.pseudo_gradient = doubles(11, 0.1);
    return made;
  }

  // Turned away or dropped: neither the parameters nor the outer optimizer change.
  void expect_refused(const Contribution& made, Verdict verdict) {
    const State before = copied(server_->state());
    EXPECT_EQ(server_->judge(made), verdict);
    const int64_t count = server_->counts().of(verdict);
    EXPECT_EQ(server_->receive(made).verdict, verdict) << word_of(verdict);
    EXPECT_EQ(server_->counts().of(verdict), count + 1);
    const State after = server_->state();
    for (const auto& [name, tensor] : before.tensors)
      EXPECT_TRUE(same_bits(tensor.values, after.tensors.at(name).values)) << name;
    EXPECT_EQ(server_->version(), before.numbers.integer("version"));
    const bool same_dispatcher = after.numbers.part_of("dispatcher") == before.numbers.part_of("dispatcher");
    EXPECT_NE(same_dispatcher, ends_round(verdict));
  }

  BowlRunOptions options_;
  std::unique_ptr<AsyncServer> server_;
  std::vector<Assignment> given_;
};

TEST_F(AsyncServerDoor, CountsEachRoundOnce) {
  EXPECT_EQ(server_->receive(contribution(0)).verdict, Verdict::counted);
  EXPECT_EQ(server_->version(), 1);
  EXPECT_EQ(server_->counts().tokens, 40);
  expect_refused(contribution(0), Verdict::duplicate);
  server_->apply(WorkersReleased{11});
  expect_refused(contribution(0), Verdict::duplicate);
}

TEST_F(AsyncServerDoor, KnowsWhoIsWho) {
  Contribution stranger = contribution(0);
  stranger.worker = 9;
  expect_refused(stranger, Verdict::unknown_worker);
  for (const auto& change : std::vector<std::function<void(Contribution&)>>{
           [](Contribution& c) { c.sequence = 5; }, [](Contribution& c) { c.sequence = -1; },
           [](Contribution& c) { c.version = 3; }, [](Contribution& c) { c.shard = 2; },
           [](Contribution& c) { c.local_steps = 6; }, [](Contribution& c) { c.local_steps = 0; }}) {
    Contribution wrong = contribution(0);
    change(wrong);
    expect_refused(wrong, Verdict::unknown_assignment);
  }
}

TEST_F(AsyncServerDoor, LetsNothingInThatIsNotSound) {
  Contribution wrong = contribution(0);
  wrong.pseudo_gradient = flat_vector(12, ElementType::float64);
  expect_refused(wrong, Verdict::wrong_shape);
  wrong.pseudo_gradient = flat_vector(11);
  expect_refused(wrong, Verdict::wrong_shape);
  wrong.pseudo_gradient = Vector();
  expect_refused(wrong, Verdict::wrong_shape);
  wrong.pseudo_gradient = doubles(11, std::numeric_limits<double>::quiet_NaN());
  expect_refused(wrong, Verdict::not_finite);
  wrong = contribution(1);
  wrong.pseudo_gradient = doubles(11, 1000.0);
  expect_refused(wrong, Verdict::too_large);
  expect_refused(wrong, Verdict::duplicate);
  EXPECT_EQ(server_->dispatcher().local_steps_done(), 0) << "dropped rounds do not count";
  const auto again = server_->apply(WorkersReleased{12}).assignments;
  ASSERT_EQ(again.size(), 2U) << "whose contribution was dropped goes on";
  EXPECT_EQ(again[0].sequence, 1);
}

/// Server of three workers that has counted so many contributions of norm about 0.33.
class AsyncServerNorms : public ::testing::Test {
 protected:
  std::unique_ptr<AsyncServer> server(Outliers outliers, int rounds) {
    BowlRunOptions options;
    options.outliers = outliers;
    auto made = BowlRun::make_server(options, delayed);
    made->apply(WorkerJoined{0, 0, {}});
    for (int round = 0; round < rounds; ++round) {
      const EventOutcome outcome = made->receive(next(*made, 0.1 + 0.001 * round));
      EXPECT_EQ(outcome.verdict, Verdict::counted);
      EXPECT_FALSE(outcome.median);
    }
    return made;
  }
  Contribution next(AsyncServer& server, double by) {
    if (server.dispatcher().anybody_ready()) server.apply(WorkersReleased{++time_});
    const Assignment& round = *server.dispatcher().open_assignment(0);
    Contribution made;
    made.sequence = round.sequence;
    made.version = round.version;
    made.shard = round.shard;
    made.local_steps = round.local_steps;
    made.completed = time_ += 1;
    made.pseudo_gradient = doubles(11, by);
    return made;
  }
  double time_ = 0;
};

TEST_F(AsyncServerNorms, FarAboveTheRunningMedianAreToldOrRefused) {
  for (const double by : {1e30, 12.0}) {
    auto warns = server(Outliers::warn, 7);
    const EventOutcome told = warns->receive(next(*warns, by));
    EXPECT_EQ(told.verdict, Verdict::counted);
    ASSERT_TRUE(told.median);
    EXPECT_NEAR(*told.median, 0.103 * std::sqrt(11), 1e-12);
    EXPECT_NEAR(told.norm / (by * std::sqrt(11)), 1, 1e-12);

    auto refuses = server(Outliers::refuse, 7);
    const Vector before = refuses->parameters().copy();
    const Contribution wrong = next(*refuses, by);
    EXPECT_NE(refuses->decisions().reason(by, Verdict::outlier).find("running median"), std::string::npos);
    EXPECT_EQ(refuses->receive(wrong).verdict, Verdict::outlier);
    EXPECT_EQ(refuses->counts().of(Verdict::outlier), 1);
    EXPECT_TRUE(same_bits(before, refuses->parameters()));
    EXPECT_EQ(refuses->receive(next(*refuses, 5)).verdict, Verdict::counted) << "50 times is not far";
  }
  auto few = server(Outliers::refuse, 6);
  EXPECT_EQ(few->receive(next(*few, 1e6)).verdict, Verdict::counted) << "too few to know what is usual";
}

TEST_F(AsyncServerNorms, BeyondTheirTypeAreNotFinite) {
  for (const Outliers outliers : {Outliers::accept, Outliers::warn, Outliers::refuse}) {
    auto made = server(outliers, 0);
    EXPECT_EQ(made->receive(next(*made, 1e300)).verdict, Verdict::not_finite);
  }
}

TEST_F(AsyncServerNorms, AreTheSameAfterASnapshot) {
  auto first = server(Outliers::warn, 100);
  auto second = server(Outliers::refuse, 0);
  second->restore(copied(first->state()));
  expect_same(second->state(), first->state());
  EXPECT_EQ(second->receive(next(*second, 30)).verdict, Verdict::outlier);
}

TEST(LostRounds, AreNeverTakenForCountedOnes) {
  LostRounds lost;
  for (int64_t sequence = 0; sequence < 1000; sequence += 2) lost.add(3, sequence);
  EXPECT_LT(lost.state().values().size(), 40U) << "it does not grow for ever";
  for (int64_t sequence = 0; sequence < 1000; sequence += 2) EXPECT_TRUE(lost.contains(3, sequence));
  EXPECT_FALSE(lost.contains(3, 997));
  EXPECT_FALSE(lost.contains(3, 1000));
  EXPECT_FALSE(lost.contains(2, 0));
  LostRounds again;
  again.restore(lost.state());
  EXPECT_EQ(again.state(), lost.state());
}

TEST_F(AsyncServerDoor, DropsWhatIsTooStale) {
  server_->receive(contribution(0));
  server_->receive(contribution(1));
  EXPECT_EQ(server_->judge(contribution(2)), Verdict::stale);
  expect_refused(contribution(2), Verdict::stale);
  EXPECT_EQ(server_->dispatcher().local_steps_done(), 15) << "its steps were made";
}

TEST_F(AsyncServerDoor, RoundsOfThoseWhoLeftAreTooLate) {
  server_->apply(WorkerLeft{0, 5});
  expect_refused(contribution(0), Verdict::too_late);
  server_->apply(WorkerJoined{0, 6, {}});
  expect_refused(contribution(0), Verdict::too_late);
  const auto again = server_->apply(WorkersReleased{6}).assignments;
  ASSERT_EQ(again.size(), 1U);
  expect_refused(contribution(0), Verdict::too_late);
}

TEST_F(AsyncServerDoor, EventsThatCannotFollowAreToldFromBugs) {
  EXPECT_THROW(server_->apply(WorkerJoined{0, 1, {}}), DataError);
  EXPECT_THROW(server_->apply(WorkerJoined{-1, 1, {}}), DataError);
  EXPECT_THROW(server_->apply(WorkerLeft{7, 1}), DataError);
  Contribution wrong = contribution(0);
  wrong.sequence = 3;
  EXPECT_THROW(server_->apply(wrong), DataError);
  wrong = contribution(0);
  wrong.pseudo_gradient = flat_vector(5, ElementType::float64);
  EXPECT_THROW(server_->apply(wrong), DataError);
  EXPECT_THROW(server_->apply(ContributionDropped{0, 0, 99, 1, 1, Verdict::stale}), DataError);
  EXPECT_THROW(server_->turn_away(Verdict::counted), Bug);
  EXPECT_THROW(AsyncServer::event_of(contribution(0), Verdict::duplicate), Bug);
}

TEST_F(AsyncServerDoor, StartsOfOneReleaseAreKeptFromLaterSteps) {
  server_->receive(contribution(0));
  const Vector start = server_->apply(WorkersReleased{11}).start;
  const Vector copy = start.copy();
  server_->receive(contribution(1));
  EXPECT_TRUE(same_bits(start, copy));
  EXPECT_FALSE(same_bits(start, server_->parameters()));
}

/// Every event of a run with joins, leaves, drops and corrections.
std::vector<ServerEvent> events_of(const std::string& path) {
  EventLogReader log(path);
  std::vector<ServerEvent> events;
  while (const auto event = log.next()) events.push_back(*event);
  return events;
}

BowlRunOptions eventful() {
  BowlRunOptions options;
  options.rule = ShardRule::progress;
  options.dynamic = true;
  options.rounds = 12;
  options.weight = {.weight = 0.5, .power = 0.5, .threshold = 3};
  options.max_norm = 1.5;
  options.outages = {{1, 9, 14}, {2, 12, 13}, {3, 20, 1e9}};
  return options;
}

TEST(AsyncReplay, TheSameEventsGiveTheSameBits) {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/events";
  const BowlRunOptions options = eventful();
  EventLogWriter record(path, "whose it is");
  BowlRun run(options, delayed, std::make_unique<DelayCompensation>(2.0), &record);
  while (run.run().advance()) {
  }
  const ServerCounts& counts = run.server().counts();
  EXPECT_GT(counts.of(Verdict::counted), 20);
  EXPECT_GT(counts.of(Verdict::too_large) + counts.of(Verdict::stale), 0) << "the test has drops";
  EXPECT_EQ(counts.left, 3);

  EventLogReader log(path);
  EXPECT_EQ(log.identity(), "whose it is");
  const auto again = BowlRun::make_server(options, delayed, std::make_unique<DelayCompensation>(2.0));
  EXPECT_GT(replay(log, *again), 40);
  expect_same(again->state(), run.server().state());
  EXPECT_EQ(log.position(), record.position());
}

TEST(AsyncReplay, ASnapshotAndTheLaterEventsGiveTheSameBits) {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/events";
  const BowlRunOptions options = eventful();
  EventLogWriter record(path, "");
  BowlRun run(options, delayed, std::make_unique<DelayCompensation>(2.0), &record);
  while (run.run().advance()) {
  }
  const std::vector<ServerEvent> events = events_of(path);
  for (size_t cut = 0; cut <= events.size(); cut += 5) {
    auto first = BowlRun::make_server(options, delayed, std::make_unique<DelayCompensation>(2.0));
    auto second = BowlRun::make_server(options, delayed, std::make_unique<DelayCompensation>(2.0));
    for (size_t i = 0; i < cut; ++i) first->apply(events[i]);
    second->restore(copied(first->state()));
    for (size_t i = cut; i < events.size(); ++i) second->apply(events[i]);
    expect_same(second->state(), run.server().state());
  }
}

TEST(AsyncReplay, VectorsThatFollowLaterGetTheSameBits) {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/events";
  const BowlRunOptions options = eventful();
  EventLogWriter record(path, "");
  BowlRun run(options, delayed, std::make_unique<DelayCompensation>(2.0), &record);
  while (run.run().advance()) {
  }
  const std::vector<ServerEvent> events = events_of(path);
  for (const size_t behind : {size_t{1}, size_t{7}, events.size()}) {
    const auto again = BowlRun::make_server(options, delayed, std::make_unique<DelayCompensation>(2.0));
    std::vector<EventOutcome> decided;
    for (size_t i = 0; i < events.size() + behind; ++i) {
      if (i < events.size()) {
        const auto* one = std::get_if<Contribution>(&events[i]);
        const double norm = one ? measure(one->pseudo_gradient, 11, ElementType::float64).norm : 0;
        decided.push_back(again->decisions().apply(events[i], norm));
      }
      if (i >= behind) again->vectors().apply(events[i - behind], decided[i - behind]);
    }
    expect_same(again->state(), run.server().state());
  }
}

TEST(VectorMeasure, SaysWhatCannotBeCounted) {
  const auto of = [](const Vector& vector) { return measure(vector, 4, ElementType::float32); };
  EXPECT_FALSE(of(Vector()).fits);
  EXPECT_FALSE(of(flat_vector(5)).fits);
  EXPECT_FALSE(of(flat_vector(4, ElementType::float64)).fits);
  const VectorMeasure sound = of(test::vector_from(std::vector<float>(4, 2.0f)));
  EXPECT_TRUE(sound.fits && sound.finite);
  EXPECT_EQ(sound.norm, 4);
  EXPECT_FALSE(of(test::vector_from(std::vector<float>(4, 3e38f))).finite) << "its norm is none of its type";
  EXPECT_FALSE(of(test::vector_from(std::vector<float>(4, std::nanf("")))).finite);
}

TEST(ServerEvents, ComeBackFromTheirBytes) {
  Contribution made;
  made.worker = 1;
  made.sequence = 2;
  made.version = 3;
  made.shard = 4;
  made.local_steps = 5;
  made.tokens = 6;
  made.completed = 7.5;
  made.compute_seconds = 8.5;
  made.loss = 9.5;
  made.learning_rate = 0.125;
  made.pseudo_gradient = test::counted(7);
  const EncodedEvent encoded = encode(made);
  EXPECT_EQ(body_size(encoded.head), 28);
  const auto back = std::get<Contribution>(decode_event(encoded.head, encoded.body_bytes()));
  EXPECT_EQ(back.worker, 1);
  EXPECT_EQ(back.tokens, 6);
  EXPECT_EQ(back.learning_rate, 0.125);
  EXPECT_TRUE(same_bits(back.pseudo_gradient, made.pseudo_gradient));
  const auto dropped = std::get<ContributionDropped>(
      decode_event(encode(ContributionDropped{1, 2, 3, 4.5, 5.5, Verdict::stale}).head, {}));
  EXPECT_EQ(dropped.compute_seconds, 5.5);
  EXPECT_EQ(dropped.why, Verdict::stale);
  const auto joined = std::get<WorkerJoined>(decode_event(encode(WorkerJoined{4, 2, 0.5}).head, {}));
  EXPECT_EQ(joined.seconds_per_step, 0.5);
  const int64_t session = -0x0123456789ABCDEF;
  EXPECT_EQ(std::get<WorkerJoined>(decode_event(encode(WorkerJoined{4, 2, {}, session}).head, {})).session,
            session);
  const auto without = without_vector(encoded.head);
  ASSERT_TRUE(without);
  EXPECT_EQ(without->sequence, 2);
  EXPECT_EQ(without->why, Verdict::damaged);
  EXPECT_FALSE(without_vector(encode(WorkersReleased{1}).head));
  EXPECT_FALSE(without_vector("?"));
  EXPECT_THROW(decode_event(encoded.head, "short"), DataError);
  EXPECT_THROW(decode_event(encoded.head.substr(0, 30), encoded.body_bytes()), DataError);
  EXPECT_THROW(decode_event("", {}), DataError);
  EXPECT_THROW(decode_event("\x07", {}), DataError);
  EXPECT_THROW(decode_event(encode(WorkersReleased{1}).head, "x"), DataError);
}

}  // namespace
}  // namespace muster
