// Several processes, started as launchers start them, train as one does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "muster/base/file.h"
#include "tests/support/child_process.h"
#include "tests/support/have_gloo.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using test::ChildProcess;
using test::Ended;
using test::TemporaryFolder;
using ::testing::HasSubstr;

using Words = std::vector<std::string>;

const Words short_run = {"--run.steps", "60", "--base_period", "4", "--checkpoint.every", "25"};
const Words long_run = {"--learning_rate.peak", "0.01", "--run.steps",        "6000",
                        "--base_period",        "1500", "--checkpoint.every", "100000"};

Words train(const std::string& out, const Words& more = {}, const Words& length = short_run) {
  Words words = {MUSTER_PROGRAM,       "train", "--task.model",  "mlp", "--task.samples", "512",
                 "--task.batch",       "4",     "--task.hidden", "16",  "--rule",         "constant",
                 "--evaluation.every", "2000",  "--run.out",     out};
  words.insert(words.end(), length.begin(), length.end());
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

/// The command with variables in its environment, those of other launchers taken out.
Words with_environment(const Words& variables, const Words& command) {
  Words words = {"/usr/bin/env"};
  for (const char* other :
       {"RANK", "WORLD_SIZE", "MUSTER_STORE", "SLURM_STEP_ID", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE"})
    words.insert(words.end(), {"-u", other});
  words.insert(words.end(), variables.begin(), variables.end());
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

/// A port that nobody else of these tests uses.
std::string fresh_port() {
  static int next = 21000 + ::getpid() % 8000;
  return std::to_string(next++);
}

Words torchrun(int rank, int size, const std::string& port) {
  return {"RANK=" + std::to_string(rank),
          "WORLD_SIZE=" + std::to_string(size),
          "LOCAL_RANK=" + std::to_string(rank),
          "LOCAL_WORLD_SIZE=" + std::to_string(size),
          "MASTER_ADDR=127.0.0.1",
          "MASTER_PORT=" + port};
}

Words slurm(int rank, int size, const std::string& port) {
  return {"SLURM_PROCID=" + std::to_string(rank),
          "SLURM_NTASKS=" + std::to_string(size),
          "SLURM_LOCALID=" + std::to_string(rank),
          "SLURM_STEP_TASKS_PER_NODE=" + std::to_string(size),
          "SLURM_STEP_ID=0",
          "SLURM_JOB_ID=4711",
          "SLURM_STEP_NODELIST=localhost",
          "MASTER_ADDR=127.0.0.1",
          "MASTER_PORT=" + port};
}

using Launcher = Words (*)(int, int, const std::string&);

std::vector<std::unique_ptr<ChildProcess>> start(Launcher launcher, int size, const Words& command) {
  const std::string port = fresh_port();
  std::vector<std::unique_ptr<ChildProcess>> ranks;
  for (int rank = 0; rank < size; ++rank)
    ranks.push_back(std::make_unique<ChildProcess>(with_environment(launcher(rank, size, port), command)));
  return ranks;
}

void expect_success(Launcher launcher, int size, const Words& command) {
  for (auto& rank : start(launcher, size, command)) {
    const Ended ended = rank->wait();
    EXPECT_EQ(ended.code, 0) << ended.err;
  }
}

std::string model(const std::string& out) { return read_file(out + "/model.safetensors"); }

/// The lines of the metrics file without what depends on time.
std::vector<nlohmann::json> rounds(const std::string& out) {
  std::vector<nlohmann::json> lines;
  std::istringstream text(read_file(out + "/metrics.jsonl"));
  for (std::string line; std::getline(text, line);) {
    lines.push_back(nlohmann::json::parse(line));
    for (const char* key : {"seconds", "samples_per_second", "wall_seconds", "divergence"})
      lines.back().erase(key);
  }
  return lines;
}

class Processes : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(test::run(train(folder_ / "one", {"--run.workers", "4"})).code, 0); }
  void expect_same(const std::string& out) {
    EXPECT_EQ(model(out), model(folder_ / "one"));
    EXPECT_EQ(rounds(out), rounds(folder_ / "one"));
  }
  TemporaryFolder folder_;
};

/// The kinds of links that this build has between processes of one host, as comm.links names them; that which
/// "auto" chooses first.
Words kinds_of_links() { return test::have_gloo ? Words{"shared_memory", "gloo"} : Words{"shared_memory"}; }

TEST_F(Processes, UnderMusterLaunchWhateverLinksThem) {
  for (const std::string& kind : kinds_of_links()) {
    const std::string out = folder_ / kind;
    Words words = {MUSTER_PROGRAM, "launch", "-n", "4", "--"};
    const Words command = train(out, {"--comm.links", kind});
    words.insert(words.end(), command.begin() + 1, command.end());
    const Ended ended = test::run(words);
    ASSERT_EQ(ended.code, 0) << ended.err;
    EXPECT_THAT(ended.err, HasSubstr("4 processes, comm.links = " + kind));
    expect_same(out);
  }
}

TEST_F(Processes, InTorchrunsEnvironment) {
  for (auto& rank : start(torchrun, 4, train(folder_ / "four"))) {
    const Ended ended = rank->wait();
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_EQ(ended.err.find("comm.links = gloo"), std::string::npos) << "one host has shared memory";
  }
  expect_same(folder_ / "four");
}

TEST_F(Processes, InSlurmsEnvironment) {
  expect_success(slurm, 4, train(folder_ / "four"));
  expect_same(folder_ / "four");
}

TEST_F(Processes, UnderMpirun) {
  if (!std::filesystem::exists("/usr/bin/mpirun")) GTEST_SKIP() << "mpirun (openmpi-bin) is not installed";
  Words words = {"/usr/bin/mpirun", "--allow-run-as-root", "--oversubscribe", "-n", "4"};
  const Words command = train(folder_ / "four");
  words.insert(words.end(), command.begin(), command.end());
  const Ended ended = test::run(words);
  ASSERT_EQ(ended.code, 0) << ended.err;
  expect_same(folder_ / "four");
}

TEST(ProcessesStop, AtASignalToOneOfThemAndAreGoneOnWithByAnyNumber) {
  const TemporaryFolder folder;
  const std::string out = folder / "four";
  ASSERT_EQ(test::run(train(folder / "whole", {"--run.workers", "4"}, long_run)).code, 0);
  auto ranks = start(torchrun, 4, train(out, {}, long_run));
  ASSERT_TRUE(ranks[0]->wait_to_say("step ", 60));
  ranks[2]->send(SIGTERM);
  for (auto& rank : ranks) EXPECT_EQ(rank->wait().code, 128 + SIGTERM);
  ASSERT_TRUE(std::filesystem::exists(out + "/checkpoints"));
  std::filesystem::copy(out, folder / "copy", std::filesystem::copy_options::recursive);
  const Words again = {"--run.resume", "--run.workers", "4"};
  Words by_other_links = again;
  by_other_links.insert(by_other_links.end(), {"--comm.links", kinds_of_links().back()});
  expect_success(torchrun, 4, train(out, by_other_links, long_run));
  EXPECT_EQ(model(out), model(folder / "whole"));
  ASSERT_EQ(test::run(train(folder / "copy", again, long_run)).code, 0);
  EXPECT_EQ(model(folder / "copy"), model(folder / "whole"));
}

TEST(ProcessesRefuse, APeerOfAnotherConfigurationWithTheKeyThatDiffers) {
  const TemporaryFolder folder;
  const std::string port = fresh_port();
  ChildProcess first(with_environment(torchrun(0, 2, port), train(folder / "run")));
  const auto stranger =
      with_environment(torchrun(1, 2, port), train(folder / "run", {"--learning_rate.peak", "0.2"}));
  const Ended refused = test::run(stranger);
  EXPECT_NE(refused.code, 0);
  EXPECT_THAT(refused.err, HasSubstr("learning_rate.peak"));
  // The run waits for its own, and goes on with it.
  ChildProcess second(with_environment(torchrun(1, 2, port), train(folder / "run")));
  EXPECT_EQ(first.wait().code, 0);
  EXPECT_EQ(second.wait().code, 0);
}

TEST(ProcessesRefuse, WorkersThatDoNotDivideEvenly) {
  const TemporaryFolder folder;
  const Ended ended = test::run(
      with_environment(torchrun(0, 4, fresh_port()), train(folder / "run", {"--run.workers", "6"})));
  EXPECT_EQ(ended.code, 2);
  EXPECT_THAT(ended.err, HasSubstr("run.workers = 6: must be a multiple of the run's 4 processes"));
}

}  // namespace
}  // namespace muster
