// Runs that an earlier program was killed in (tests/data/folders): today's continues them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "muster/base/file.h"
#include "tests/support/child_process.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::ChildProcess;
using test::Ended;
using ::testing::HasSubstr;

const std::string kept = MUSTER_SOURCE "/tests/data/folders/";

class OldFolder : public testing::Test {
 protected:
  std::string copy_of(const std::string& name) const {
    const std::string to = folder_ / name;
    fs::copy(kept + name, to, fs::copy_options::recursive);
    return to;
  }

  const test::TemporaryFolder folder_;
};

class OldTraining : public OldFolder, public testing::WithParamInterface<const char*> {};

// The checkpoint may be of another kind of processor, so the end is that of an undisturbed run but for
// rounding.
TEST_P(OldTraining, GoesOnToTheEndOfAnUndisturbedRun) {
  const std::string run = copy_of(GetParam());
  const Ended resumed = test::run({MUSTER_PROGRAM, "train", run, "--json"});
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_THAT(resumed.err, HasSubstr("step-00000040"));
  const Ended whole = test::run({MUSTER_PROGRAM, "train", kept + GetParam() + "/config.toml", "--run.out",
                                 folder_ / "whole", "--run.resume=false", "--json"});
  ASSERT_EQ(whole.code, 0) << whole.err;
  const json left = json::parse(resumed.out), right = json::parse(whole.out);
  EXPECT_EQ(left["steps"], 60);
  EXPECT_EQ(left["rounds"], right["rounds"]);
  EXPECT_EQ(left["bytes_per_worker"], right["bytes_per_worker"]);
  EXPECT_NEAR(left["final_test_loss"].get<double>(), right["final_test_loss"].get<double>(), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Each, OldTraining,
                         testing::Values("adaptive_int8", "qsr_adamw_delayed", "groups_slowmo"),
                         [](const auto& one) { return std::string(one.param); });

TEST_F(OldFolder, AFinishedRunIsFinishedAndCanBeMadeLonger) {
  const std::string run = copy_of("finished");
  const Ended again = test::run({MUSTER_PROGRAM, "train", run});
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_THAT(again.err, HasSubstr("nothing to resume"));
  EXPECT_EQ(test::run({MUSTER_PROGRAM, "evaluate", run}).code, 0);
  const Ended longer = test::run({MUSTER_PROGRAM, "train", run, "--run.steps", "80", "--json"});
  ASSERT_EQ(longer.code, 0) << longer.err;
  EXPECT_EQ(json::parse(longer.out)["steps"], 80);
}

TEST_F(OldFolder, AServerGoesOnFromItsSnapshotAndJournal) {
  const std::string run = copy_of("served"),
                    address = "127.0.0.1:" + std::to_string(20000 + ::getpid() % 20000);
  ChildProcess server({MUSTER_PROGRAM, "serve", run, "--serve.address", address, "--json"});
  if (!server.wait_to_say("serving at", 60)) {
    const Ended ended = server.wait();
    if (ended.err.find("built without gRPC") != std::string::npos) GTEST_SKIP() << ended.err;
    FAIL() << ended.err;
  }
  const Ended worked = test::run({MUSTER_PROGRAM, "work", address});
  EXPECT_EQ(worked.code, 0) << worked.err;
  const Ended ended = server.wait();
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("from version"));
  EXPECT_GE(json::parse(ended.out)["async"]["local_steps"], 1200);
}

// The contributions are in the record, so the replay's arithmetic is the server's alone: the same bits
// everywhere.
TEST_F(OldFolder, ARecordOfAServerReplaysToTheSameBits) {
  for (const char* file : {"events.record", "events.record.end"}) fs::copy_file(kept + file, folder_ / file);
  const Ended replayed = test::run({MUSTER_PROGRAM, "simulate", "--replay", folder_ / "events.record"});
  EXPECT_EQ(replayed.code, 0) << replayed.err;
}

}  // namespace
}  // namespace muster
