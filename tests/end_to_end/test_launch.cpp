// `muster launch`: processes that are started, watched and ended together. The ranks are shell scripts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <sstream>
#include <thread>

#include "muster/base/file.h"
#include "muster/base/stopwatch.h"
#include "tests/support/child_process.h"
#include "tests/support/one_line_error.h"
#include "tests/support/rank_scripts.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using test::all_appear;
using test::ChildProcess;
using test::deaf_rank;
using test::Ended;
using test::TemporaryFolder;
using test::waiting_rank;
using ::testing::HasSubstr;
using ::testing::Not;
using Words = std::vector<std::string>;

/// muster launch FLAGS -- sh -c SCRIPT, started in `folder`.
Words launch(const Words& flags, const std::string& script) {
  Words words = {MUSTER_PROGRAM, "launch"};
  words.insert(words.end(), flags.begin(), flags.end());
  words.insert(words.end(), {"--", "sh", "-c", script});
  return words;
}

Ended run_launch(const Words& flags, const std::string& script, const TemporaryFolder& folder) {
  return test::run(launch(flags, script), {.folder = folder.path()});
}

// A process that nobody has reaped yet counts as ended.
bool runs(int pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  if (!std::filesystem::exists(path)) return false;
  try {
    const std::string stat = read_file(path);
    const size_t name_end = stat.rfind(')');
    return name_end != std::string::npos && stat.substr(name_end + 2, 1) != "Z";
  } catch (const std::exception&) {
    return false;
  }
}

bool ends(int pid, double seconds = 20) {
  for (const Stopwatch watch; watch.seconds() < seconds;
       std::this_thread::sleep_for(std::chrono::milliseconds(5)))
    if (!runs(pid)) return true;
  return false;
}

int number_in(const std::string& path) { return std::stoi(read_file(path)); }

std::map<std::string, std::string> variables_in(const std::string& path) {
  std::map<std::string, std::string> variables;
  std::istringstream lines(read_file(path));
  for (std::string line; std::getline(lines, line);) {
    const size_t equals = line.find('=');
    if (equals != std::string::npos) variables[line.substr(0, equals)] = line.substr(equals + 1);
  }
  return variables;
}

TEST(Launch, EndsWithZeroWhenAllDo) {
  const TemporaryFolder folder;
  const Ended ended = run_launch({"-n", "3"}, "exit 0", folder);
  EXPECT_EQ(ended.code, 0);
  EXPECT_EQ(ended.out + ended.err, "");
}

TEST(Launch, TellsEachRankItsPlace) {
  const TemporaryFolder folder;
  ASSERT_EQ(run_launch({"-n", "3"}, "env > env.$RANK", folder).code, 0);
  std::map<std::string, std::string> first;
  for (int rank = 0; rank < 3; ++rank) {
    auto variables = variables_in(folder / ("env." + std::to_string(rank)));
    EXPECT_EQ(variables["RANK"], std::to_string(rank));
    EXPECT_EQ(variables["WORLD_SIZE"], "3");
    EXPECT_EQ(variables["LOCAL_RANK"], std::to_string(rank));
    EXPECT_EQ(variables["LOCAL_WORLD_SIZE"], "3");
    EXPECT_EQ(variables["MASTER_ADDR"], "127.0.0.1");
    EXPECT_GT(std::stoi(variables["MASTER_PORT"]), 0);
    EXPECT_EQ(variables["MUSTER_STORE"].substr(0, 10), "127.0.0.1:");
    EXPECT_EQ(variables["MUSTER_TOKEN"].size(), 32U);
    EXPECT_EQ(variables["MUSTER_LAUNCH_RESTART"], "0");
    EXPECT_EQ(variables.contains("OMP_NUM_THREADS"), ::getenv("OMP_NUM_THREADS") != nullptr);
    if (rank == 0) first = variables;
    for (const char* name : {"MASTER_PORT", "MUSTER_STORE", "MUSTER_TOKEN"})
      EXPECT_EQ(variables[name], first[name]) << name;
  }
  EXPECT_NE(first["MUSTER_STORE"], "127.0.0.1:" + first["MASTER_PORT"]);
  ASSERT_EQ(run_launch({"-n", "1"}, "env > again", folder).code, 0);
  EXPECT_NE(variables_in(folder / "again")["MUSTER_TOKEN"], first["MUSTER_TOKEN"]);
}

TEST(Launch, ServesTheStoreThatItNames) {
  const TemporaryFolder folder;
  const Ended ended = test::run({MUSTER_PROGRAM, "launch", "-n", "2", "--", "bash", "-c",
                                 "exec 3<>/dev/tcp/${MUSTER_STORE%:*}/${MUSTER_STORE#*:} && echo connected"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("connected\n"));
  EXPECT_THAT(ended.out, HasSubstr("[rank 1] connected\n"));
}

TEST(Launch, RunsItsOwnCommands) {
  const Ended ended = test::run({MUSTER_PROGRAM, "launch", "-n", "2", "--", "version"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  const std::string version = test::run({MUSTER_PROGRAM, "version"}).out;
  EXPECT_TRUE(ended.out == version + "[rank 1] " + version || ended.out == "[rank 1] " + version + version)
      << ended.out;
}

TEST(Launch, PassesRankZeroOnUnchanged) {
  const TemporaryFolder folder;
  const Ended ended = run_launch(
      {"-n", "2"}, "if [ $RANK = 0 ]; then printf 'a\\r\\000b\\n\\nno end'; printf 'e' >&2; fi", folder);
  EXPECT_EQ(ended.code, 0);
  EXPECT_EQ(ended.out, std::string("a\r\0b\n\nno end", 12));
  EXPECT_EQ(ended.err, "e");
}

TEST(Launch, MarksTheLinesOfTheOthers) {
  const TemporaryFolder folder;
  const Ended ended = run_launch(
      {"-n", "3"}, "if [ $RANK = 2 ]; then echo one; echo; printf two; echo three >&2; fi", folder);
  EXPECT_EQ(ended.out, "[rank 2] one\n[rank 2] \n[rank 2] two\n");
  EXPECT_EQ(ended.err, "[rank 2] three\n");
}

TEST(Launch, MixesNoLines) {
  const TemporaryFolder folder;
  constexpr int lines = 20000;
  const Ended ended = run_launch({"-n", "3"}, "exec seq -f \"$RANK line %.0f\" 1 20000", folder);
  ASSERT_EQ(ended.code, 0);
  int next[3] = {1, 1, 1};
  std::istringstream in(ended.out);
  for (std::string line; std::getline(in, line);) {
    const std::string text = line.starts_with("[rank ") ? line.substr(9) : line;
    const int rank = text[0] - '0';
    ASSERT_TRUE(rank >= 0 && rank < 3) << line;
    ASSERT_EQ(line.starts_with("[rank "), rank != 0) << line;
    ASSERT_EQ(text, std::to_string(rank) + " line " + std::to_string(next[rank]++));
  }
  for (const int count : next) EXPECT_EQ(count, lines + 1);
}

TEST(Launch, ASlowReaderGetsEverything) {
  const std::string command = std::string(MUSTER_PROGRAM) + " launch -n 2 -- seq 1 300000";
  const Ended slow = test::run({"/bin/sh", "-c", command + " | (sleep 0.3; wc -l)"});
  EXPECT_EQ(std::stoi(slow.out), 600000);
  const Ended first = test::run({"/bin/sh", "-c", command + " | head -n 1"});
  EXPECT_EQ(std::count(first.out.begin(), first.out.end(), '\n'), 1) << "nobody reads on, and nothing hangs";
}

TEST(Launch, TheFirstFailureEndsTheOthersAndIsTheExitCode) {
  const TemporaryFolder folder;
  const Ended ended =
      run_launch({"-n", "3"},
                 "if [ $RANK = 1 ]; then while [ ! -e pid.0 ] || [ ! -e pid.2 ]; do sleep 0.01; "
                 "done; echo broken >&2; exit 7; fi; " +
                     std::string(waiting_rank),
                 folder);
  EXPECT_EQ(ended.code, 7);
  EXPECT_EQ(ended.err,
            "[rank 1] broken\nmuster: error: rank 1 failed with exit code 7; its messages are above\n");
  EXPECT_TRUE(std::filesystem::exists(folder / "asked.0"));
  EXPECT_TRUE(std::filesystem::exists(folder / "asked.2"));
}

TEST(Launch, AKilledRankEndsTheOthers) {
  const TemporaryFolder folder;
  ChildProcess launcher(launch({"-n", "3"}, waiting_rank), {.folder = folder.path()});
  ASSERT_TRUE(all_appear(folder / "pid.", 3));
  ::kill(number_in(folder / "pid.2"), SIGKILL);
  ASSERT_TRUE(launcher.wait_for(20));
  const Ended ended = launcher.wait();
  EXPECT_EQ(ended.code, 137);
  EXPECT_THAT(ended.err, HasSubstr("muster: error: rank 2 was ended by signal 9 (Killed)"));
  EXPECT_TRUE(std::filesystem::exists(folder / "asked.0"));
  EXPECT_TRUE(std::filesystem::exists(folder / "asked.1"));
}

TEST(Launch, WhoDoesNotEndWithinTheGraceIsKilled) {
  const TemporaryFolder folder;
  ChildProcess launcher(
      launch({"-n", "2", "--grace", "0.2"},
             "if [ $RANK = 1 ]; then while [ ! -e pid.0 ]; do sleep 0.01; done; exit 5; fi; " +
                 std::string(deaf_rank)),
      {.folder = folder.path()});
  ASSERT_TRUE(launcher.wait_for(20));
  const Ended ended = launcher.wait();
  EXPECT_EQ(ended.code, 5);
  EXPECT_THAT(ended.err, HasSubstr("rank 0 has not ended within 0.2 s and is killed"));
  EXPECT_FALSE(runs(number_in(folder / "pid.0")));
}

TEST(Launch, HandsSigtermOnAndLetsTheRanksEndWell) {
  const TemporaryFolder folder;
  ChildProcess launcher(launch({"-n", "3"}, waiting_rank), {.folder = folder.path()});
  ASSERT_TRUE(all_appear(folder / "pid.", 3));
  launcher.send(SIGTERM);
  ASSERT_TRUE(launcher.wait_for(20));
  EXPECT_EQ(launcher.wait().code, 143);
  EXPECT_TRUE(all_appear(folder / "asked.", 3));
}

TEST(Launch, ASecondSignalKills) {
  const TemporaryFolder folder;
  ChildProcess launcher(launch({"-n", "2", "--grace", "600"}, deaf_rank), {.folder = folder.path()});
  ASSERT_TRUE(all_appear(folder / "pid.", 2));
  launcher.send(SIGTERM);
  ASSERT_TRUE(launcher.wait_to_say("2 ranks are asked to end and have 600 s for it", 20));
  EXPECT_FALSE(launcher.wait_for(0.2));
  launcher.send(SIGTERM);
  ASSERT_TRUE(launcher.wait_for(20));
  EXPECT_EQ(launcher.wait().code, 143);
  for (const char* name : {"pid.0", "pid.1"}) EXPECT_FALSE(runs(number_in(folder / name)));
}

TEST(Launch, WhatARankHasStartedEndsWithIt) {
  const TemporaryFolder folder;
  const Ended ended = run_launch({"-n", "2"}, "sleep 600 & echo $! > child.$RANK", folder);
  EXPECT_EQ(ended.code, 0);
  EXPECT_TRUE(ends(number_in(folder / "child.0")));
  EXPECT_TRUE(ends(number_in(folder / "child.1")));
}

TEST(Launch, TheRanksEndWhenTheLauncherIsKilled) {
  const TemporaryFolder folder;
  ChildProcess launcher(launch({"-n", "2"}, waiting_rank), {.folder = folder.path()});
  ASSERT_TRUE(all_appear(folder / "pid.", 2));
  launcher.send(SIGKILL);
  EXPECT_EQ(launcher.wait().code, 137);
  EXPECT_TRUE(all_appear(folder / "asked.", 2));
  EXPECT_TRUE(ends(number_in(folder / "pid.0")));
  EXPECT_TRUE(ends(number_in(folder / "pid.1")));
}

TEST(Launch, AnElasticRunStartsItsDeadAgain) {
  const TemporaryFolder folder;
  const std::string script =
      "echo $MUSTER_LAUNCH_RESTART >> starts.$RANK; "
      "if [ $RANK = 1 ] && [ $MUSTER_LAUNCH_RESTART -lt 2 ]; then exit 3; fi; "
      "if [ $RANK = 1 ]; then echo done > back; fi; while [ ! -e back ]; do sleep 0.01; done";
  const Stopwatch watch;
  const Ended ended = run_launch({"-n", "2", "--min-workers", "1", "--restarts", "2"}, script, folder);
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_GE(watch.seconds(), 1.5) << "pauses of 0.5 and 1 s";
  EXPECT_EQ(read_file(folder / "starts.0"), "0\n");
  EXPECT_EQ(read_file(folder / "starts.1"), "0\n1\n2\n");
  EXPECT_THAT(ended.err,
              HasSubstr("rank 1 failed with exit code 3; it is started again in 0.5 s (restart 1 of 2)"));
  EXPECT_THAT(ended.err, HasSubstr("it is started again in 1 s (restart 2 of 2)"));
}

TEST(Launch, AnElasticRunBearsDeathsDownToItsLeast) {
  const TemporaryFolder folder;
  ChildProcess launcher(launch({"-n", "3", "--min-workers", "2"}, waiting_rank), {.folder = folder.path()});
  ASSERT_TRUE(all_appear(folder / "pid.", 3));
  ::kill(number_in(folder / "pid.0"), SIGKILL);
  ASSERT_TRUE(launcher.wait_to_say(
      "rank 0 was ended by signal 9 (Killed); the run continues with 2 of 3 processes", 20));
  EXPECT_FALSE(launcher.wait_for(0.1));
  EXPECT_TRUE(runs(number_in(folder / "pid.1")));
  ::kill(number_in(folder / "pid.2"), SIGKILL);
  ASSERT_TRUE(launcher.wait_for(20));
  const Ended ended = launcher.wait();
  EXPECT_EQ(ended.code, 137);
  EXPECT_THAT(ended.err, HasSubstr("1 of 3 processes are too few (--min-workers 2)"));
  EXPECT_TRUE(std::filesystem::exists(folder / "asked.1"));
}

TEST(Launch, KeepsWhatRanksSayInFiles) {
  const TemporaryFolder folder;
  const std::string script =
      "echo out $RANK; for i in 1 2 3 4 5 6 7; do echo line $i >&2; done; "
      "touch said$RANK; if [ $RANK = 1 ]; then while [ ! -e said0 ]; do sleep 0.01; done; exit 4; fi; "
      "while :; do sleep 0.02; done";
  const Ended ended = run_launch({"-n", "2", "--log-dir", "logs/here"}, script, folder);
  EXPECT_EQ(ended.code, 4);
  EXPECT_EQ(ended.out, "out 0\n");
  EXPECT_EQ(read_file(folder / "logs/here/rank-1.log"),
            "out 1\nline 1\nline 2\nline 3\nline 4\nline 5\nline 6\nline 7\n");
  EXPECT_THAT(
      ended.err,
      HasSubstr("muster: error: rank 1 failed with exit code 4; the end of logs/here/rank-1.log:\n"
                "[rank 1] line 3\n[rank 1] line 4\n[rank 1] line 5\n[rank 1] line 6\n[rank 1] line 7\n"));
}

TEST(Launch, RefusesBeforeAnythingStarts) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "hosts", "localhost slots=2\n");
  const Words words = {"-n", "3", "--hosts", folder / "hosts", "--log-dir", folder / "logs"};
  test::expect_one_line_error(run_launch(words, "touch started", folder),
                              {"-n = 3", "have 2 slots in all", "at most -n 2"});
  EXPECT_FALSE(std::filesystem::exists(folder / "started"));
  EXPECT_FALSE(std::filesystem::exists(folder / "logs"));
  write_file_atomically(folder / "plain", "");
  test::expect_one_line_error(
      run_launch({"-n", "2", "--log-dir", folder / "plain/x"}, "touch started", folder),
      {"cannot make the folder"});
  test::expect_one_line_error(run_launch({"-n", "2", "--address", "192.0.2.1"}, "touch started", folder),
                              {"192.0.2.1"});
  EXPECT_FALSE(std::filesystem::exists(folder / "started"));
}

/// muster launch in a terminal of its own.
class InTerminal {
 public:
  explicit InTerminal(const Words& words, const std::string& folder) {
    pid_ = ::forkpty(&terminal_, nullptr, nullptr, nullptr);
    if (pid_ != 0) return;
    ::signal(SIGINT, SIG_DFL);
    std::vector<char*> pointers;
    for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
    pointers.push_back(nullptr);
    if (::chdir(folder.c_str()) == 0) ::execv(pointers[0], pointers.data());
    ::_exit(127);
  }
  ~InTerminal() {
    if (!ended_) ::kill(pid_, SIGKILL);
    ::close(terminal_);
    if (!ended_) ::waitpid(pid_, nullptr, 0);
  }
  InTerminal(const InTerminal&) = delete;
  InTerminal& operator=(const InTerminal&) = delete;

  void type(const std::string& keys) const {
    ASSERT_EQ(::write(terminal_, keys.data(), keys.size()), ssize_t(keys.size()));
  }
  /// What stands on the screen when all is over.
  Ended wait() {
    std::string screen;
    char buffer[4096];
    for (ssize_t size = 0; (size = ::read(terminal_, buffer, sizeof buffer)) > 0;)
      screen.append(buffer, static_cast<size_t>(size));
    int status = 0;
    ::waitpid(pid_, &status, 0);
    ended_ = true;
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), screen, ""};
  }

 private:
  int terminal_ = -1;
  pid_t pid_ = -1;
  bool ended_ = false;
};

TEST(Launch, RankZeroKeepsTheTerminal) {
  const TemporaryFolder folder;
  InTerminal launcher(launch({"-n", "2"}, "test -t 1 && test -t 2 && echo $RANK has a terminal; exit 0"),
                      folder.path());
  const Ended ended = launcher.wait();
  EXPECT_EQ(ended.code, 0);
  EXPECT_THAT(ended.out, HasSubstr("0 has a terminal"));
  EXPECT_THAT(ended.out, Not(HasSubstr("1 has a terminal")));
}

// The terminal would send it to all processes in its foreground, and the launcher once more.
TEST(Launch, CtrlCReachesEveryRankOnce) {
  const TemporaryFolder folder;
  InTerminal launcher(launch({"-n", "2"},
                             "trap 'echo int >> asked.$RANK' INT; echo $$ > pid.$RANK; "
                             "while [ ! -e asked.$RANK ]; do sleep 0.02; done; sleep 0.3; exit 130"),
                      folder.path());
  ASSERT_TRUE(all_appear(folder / "pid.", 2));
  launcher.type("\x03");
  const Ended ended = launcher.wait();
  EXPECT_EQ(ended.code, 130) << ended.out;
  EXPECT_EQ(read_file(folder / "asked.0"), "int\n");
  EXPECT_EQ(read_file(folder / "asked.1"), "int\n");
}

TEST(Launch, CarriesAPyTorchScript) {
  if (test::run({"/usr/bin/python3", "-c", "import torch.distributed"}).code != 0)
    GTEST_SKIP() << "/usr/bin/python3 has no torch";
  const Ended ended = test::run({MUSTER_PROGRAM, "launch", "-n", "2", "--", "/usr/bin/python3",
                                 MUSTER_SOURCE "/tests/end_to_end/all_reduce.py"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("rank 0 of 2: 3\n"));
  EXPECT_THAT(ended.out, HasSubstr("[rank 1] rank 1 of 2: 3\n"));
}

}  // namespace
}  // namespace muster
