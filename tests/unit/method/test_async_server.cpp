#include <gtest/gtest.h>

#include <fstream>
#include <limits>

#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/optim/delay_compensation.h"
#include "muster/optim/delayed_nesterov.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/method/bowl_run.h"

namespace muster {
namespace {

std::unique_ptr<OuterOptimizer> delayed(int64_t size, at::ScalarType type) {
  return std::make_unique<DelayedNesterov>(DelayedNesterovOptions{}, size, type);
}

/// Bit for bit, counts and all.
void expect_same(const State& a, const State& b) {
  EXPECT_EQ(a.numbers, b.numbers);
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (const auto& [name, tensor] : a.tensors) EXPECT_TRUE(at::equal(tensor, b.tensors.at(name))) << name;
}

State copied(const State& state) {
  State copy = state;
  for (auto& [name, tensor] : copy.tensors) tensor = tensor.clone();
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
    made.pseudo_gradient = at::full({11}, 0.1, at::kDouble);
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
    for (const auto& [name, tensor] : before.tensors) EXPECT_TRUE(at::equal(tensor, after.tensors.at(name)));
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
  for (auto change : std::vector<std::function<void(Contribution&)>>{
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
  wrong.pseudo_gradient = at::zeros({12}, at::kDouble);
  expect_refused(wrong, Verdict::wrong_shape);
  wrong.pseudo_gradient = at::zeros({11}, at::kFloat);
  expect_refused(wrong, Verdict::wrong_shape);
  wrong.pseudo_gradient = at::Tensor();
  expect_refused(wrong, Verdict::wrong_shape);
  wrong.pseudo_gradient = at::full({11}, std::numeric_limits<double>::quiet_NaN(), at::kDouble);
  expect_refused(wrong, Verdict::not_finite);
  wrong = contribution(1);
  wrong.pseudo_gradient = at::full({11}, 1000.0, at::kDouble);
  expect_refused(wrong, Verdict::too_large);
  expect_refused(wrong, Verdict::duplicate);
  EXPECT_EQ(server_->dispatcher().local_steps_done(), 0) << "dropped rounds do not count";
  const auto again = server_->apply(WorkersReleased{12}).assignments;
  ASSERT_EQ(again.size(), 2U) << "whose contribution was dropped goes on";
  EXPECT_EQ(again[0].sequence, 1);
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
  wrong.pseudo_gradient = at::zeros({5}, at::kDouble);
  EXPECT_THROW(server_->apply(wrong), DataError);
  EXPECT_THROW(server_->apply(ContributionDropped{0, 0, 99, 1, 1, Verdict::stale}), DataError);
  EXPECT_THROW(server_->turn_away(Verdict::counted), Bug);
  EXPECT_THROW(AsyncServer::event_of(contribution(0), Verdict::duplicate), Bug);
}

TEST_F(AsyncServerDoor, StartsOfOneReleaseAreKeptFromLaterSteps) {
  server_->receive(contribution(0));
  const at::Tensor start = server_->apply(WorkersReleased{11}).start;
  const at::Tensor copy = start.clone();
  server_->receive(contribution(1));
  EXPECT_TRUE(at::equal(start, copy));
  EXPECT_FALSE(at::equal(start, server_->parameters()));
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

TEST(EventLog, AnUnfinishedRecordAtTheEndCountsAsNotWritten) {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/events", cut = folder.path() + "/cut";
  Contribution made;
  made.worker = 3;
  made.loss = 0.25;
  made.pseudo_gradient = at::arange(5, at::kDouble);
  std::vector<int64_t> ends;
  {
    EventLogWriter log(path, "run 7");
    ends.push_back(log.position());
    for (const ServerEvent& event :
         std::vector<ServerEvent>{WorkerJoined{3, 1.5, 0.25}, WorkersReleased{2}, made, WorkerLeft{3, 9}}) {
      log.append(event);
      ends.push_back(log.position());
    }
    log.sync();
  }
  const std::string whole = read_file(path);
  ASSERT_EQ(static_cast<int64_t>(whole.size()), ends.back());
  for (size_t bytes = static_cast<size_t>(ends[0]); bytes <= whole.size(); ++bytes) {
    std::ofstream(cut, std::ios::binary) << whole.substr(0, bytes);
    EventLogReader log(cut);
    size_t events = 0;
    while (log.next()) ++events;
    size_t expected = 0;
    while (expected + 1 < ends.size() && ends[expected + 1] <= static_cast<int64_t>(bytes)) ++expected;
    ASSERT_EQ(events, expected) << bytes;
    ASSERT_EQ(log.position(), ends[expected]);
  }
  // What was cut off is written anew.
  std::ofstream(cut, std::ios::binary) << whole.substr(0, whole.size() - 3);
  EventLogWriter::reopen_at(cut, ends[3]).append(WorkerLeft{3, 9});
  EXPECT_EQ(read_file(cut), whole);
}

TEST(EventLog, ZerosAtTheEndAreCutOff) {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/events";
  {
    EventLogWriter log(path, "x");
    for (int i = 0; i < 2; ++i) log.append(WorkerJoined{i, 0, {}});
  }
  const std::string whole = read_file(path);
  const auto events_in = [&](const std::string& content) {
    std::ofstream(path, std::ios::binary) << content;
    EventLogReader log(path);
    int64_t events = 0;
    while (log.next()) ++events;
    EXPECT_EQ(log.position(), static_cast<int64_t>(whole.size()));
    return events;
  };
  for (const size_t zeros : {1U, 23U, 24U, 5000U, 3U << 20})
    EXPECT_EQ(events_in(whole + std::string(zeros, '\0')), 2);
  std::ofstream(path, std::ios::binary) << whole + std::string(100, '\0') + "x";
  EventLogReader log(path);
  log.next();
  log.next();
  EXPECT_THROW(log.next(), DataError);
}

TEST(EventLog, DamageIsFound) {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/events";
  {
    EventLogWriter log(path, "x");
    for (int i = 0; i < 4; ++i) log.append(WorkerJoined{i, 0, {}});
  }
  const std::string whole = read_file(path);
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    std::ofstream(path, std::ios::binary) << damaged;
    int64_t events = 0;
    bool told = false;
    try {
      EventLogReader log(path);
      while (log.next()) ++events;
    } catch (const DataError&) {
      told = true;
    }
    EXPECT_TRUE(told || events == 3) << "byte " << at << ": damage of the last record may look cut off";
    EXPECT_LT(events, 4) << at;
  }
  std::ofstream(path) << "something else, longer than the beginning of a file of events would be";
  EXPECT_THROW(EventLogReader{path}, DataError);
  EXPECT_THROW(EventLogReader{folder.path() + "/missing"}, FileError);
  EXPECT_THROW(EventLogWriter(folder.path() + "/no/where", ""), FileError);
  EXPECT_THROW(EventLogWriter::reopen_at(path, 1 << 20), FileError);
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
  made.pseudo_gradient = at::arange(7, at::kFloat);
  const EncodedEvent encoded = encode(made);
  EXPECT_EQ(body_size(encoded.head), 28);
  const auto back = std::get<Contribution>(decode_event(encoded.head, encoded.body_bytes()));
  EXPECT_EQ(back.worker, 1);
  EXPECT_EQ(back.tokens, 6);
  EXPECT_EQ(back.learning_rate, 0.125);
  EXPECT_TRUE(at::equal(back.pseudo_gradient, made.pseudo_gradient));
  const auto dropped = std::get<ContributionDropped>(
      decode_event(encode(ContributionDropped{1, 2, 3, 4.5, 5.5, Verdict::stale}).head, {}));
  EXPECT_EQ(dropped.compute_seconds, 5.5);
  EXPECT_EQ(dropped.why, Verdict::stale);
  const auto joined = std::get<WorkerJoined>(decode_event(encode(WorkerJoined{4, 2, 0.5}).head, {}));
  EXPECT_EQ(joined.seconds_per_step, 0.5);
  EXPECT_THROW(decode_event(encoded.head, "short"), DataError);
  EXPECT_THROW(decode_event(encoded.head.substr(0, 30), encoded.body_bytes()), DataError);
  EXPECT_THROW(decode_event("", {}), DataError);
  EXPECT_THROW(decode_event("\x07", {}), DataError);
  EXPECT_THROW(decode_event(encode(WorkersReleased{1}).head, "x"), DataError);
}

}  // namespace
}  // namespace muster
