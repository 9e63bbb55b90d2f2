#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "muster/app/commands/commands.h"
#include "muster/app/launch/launch_request.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "tests/support/built_in.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Words = std::vector<std::string>;

TEST(LaunchRequest, HasDefaults) {
  const LaunchRequest request = read_launch_request(catalogue, {"-n", "4", "--", "train", "-n", "--hosts"});
  EXPECT_EQ(request.ranks(), 4);
  EXPECT_EQ(request.min_workers, 4);
  EXPECT_EQ(request.restarts, 0);
  EXPECT_THAT(request.command, ElementsAre("train", "-n", "--hosts"))
      << "what comes after -- is the command's";
  EXPECT_THAT(request.remote_shell,
              ElementsAre("ssh", "-o", "BatchMode=yes", "-o", "ServerAliveInterval=10"));
  EXPECT_EQ(request.port, 0) << "any";
  EXPECT_FALSE(request.dry_run);
}

TEST(LaunchRequest, TakesFlagsAndHosts) {
  const test::TemporaryFolder folder;
  write_file_atomically(folder / "hosts", "a slots=2\nb slots=3\n");
  const LaunchRequest request = read_launch_request(catalogue, {"--hosts",
                                                                folder / "hosts",
                                                                "--min-workers=2",
                                                                "--restarts",
                                                                "3",
                                                                "--deadline",
                                                                "2.5",
                                                                "--grace",
                                                                "1",
                                                                "--address",
                                                                "10.0.0.1",
                                                                "--port",
                                                                "29400",
                                                                "--ssh",
                                                                "ssh -p 22",
                                                                "--log-dir",
                                                                "logs",
                                                                "--dry-run",
                                                                "--",
                                                                "true"});
  EXPECT_EQ(request.ranks(), 5);
  EXPECT_EQ(request.min_workers, 2);
  EXPECT_EQ(request.restarts, 3);
  EXPECT_DOUBLE_EQ(request.deadline, 2.5);
  EXPECT_DOUBLE_EQ(request.grace, 1);
  EXPECT_EQ(request.address, "10.0.0.1");
  EXPECT_EQ(request.port, 29400);
  EXPECT_THAT(request.remote_shell, ElementsAre("ssh", "-p", "22"));
  EXPECT_EQ(request.log_folder, "logs");
  EXPECT_TRUE(request.dry_run);
  EXPECT_EQ(read_launch_request(catalogue, {"--hosts", folder / "hosts", "-n", "3", "--", "true"}).ranks(),
            3);
}

struct BadLaunch {
  const char* name;
  Words words;
  const char* told;
  const char* remedy;
};

std::ostream& operator<<(std::ostream& out, const BadLaunch& bad) { return out << bad.name; }

class BadLaunchWords : public ::testing::TestWithParam<BadLaunch> {};

TEST_P(BadLaunchWords, AreRefusedBeforeAnythingStarts) {
  try {
    launch_command(catalogue, GetParam().words);
    FAIL() << "was accepted";
  } catch (const OptionError& error) {
    const std::string message = error.what();
    EXPECT_THAT(message, HasSubstr(std::string(GetParam().told) + ": "));
    EXPECT_THAT(message.substr(message.find(": ") + 2), HasSubstr(GetParam().remedy));
    EXPECT_THAT(message, Not(HasSubstr("\n")));
  }
}

const BadLaunch bad_words[] = {
    {"nothing", {}, "-n = (not given)", "give the number of processes"},
    {"no_processes", {"-n", "0", "--", "true"}, "-n = 0", "from 1 to 4096"},
    {"negative", {"-n", "-3", "--", "true"}, "-n = -3", "from 1 to 4096"},
    {"a_word", {"-n", "many", "--", "true"}, "-n = many", "from 1 to 4096"},
    {"too_many", {"-n", "5000", "--", "true"}, "-n = 5000", "from 1 to 4096"},
    {"huge", {"-n", "99999999999999999999", "--", "true"}, "-n = 99999999999999999999", "from 1 to 4096"},
    {"no_number", {"-n", "--", "true"}, "--processes = (no value)", "must be followed by N"},
    {"no_divider", {"-n", "2", "train"}, "command line = train", "comes after --"},
    {"key_before_divider", {"-n", "2", "--run.steps", "5"}, "run.steps = 5", "behind --"},
    {"no_command", {"-n", "2"}, "command = (none)", "name one behind --"},
    {"no_command_behind", {"-n", "2", "--"}, "command = (none)", "name one behind --"},
    {"no_program", {"-n", "2", "--", "no-such-program"}, "command = no-such-program", "neither a command"},
    {"no_path", {"-n", "2", "--", "./no/program"}, "command = ./no/program", "neither a command"},
    {"a_folder", {"-n", "2", "--", "/tmp"}, "command = /tmp", "nor a program"},
    {"itself", {"-n", "2", "--", "launch", "-n", "2"}, "command = launch", "cannot launch itself"},
    {"keys_of_train", {"-n", "2", "--", "train", "--stps", "5"}, "stps = 5", "did you mean run.steps?"},
    {"misspelt", {"-n", "2", "--restart", "1", "--", "true"}, "--restart = 1", "did you mean --restarts?"},
    {"too_many_least", {"-n", "2", "--min-workers", "3", "--", "true"}, "--min-workers = 3", "from 1 to 2"},
    {"no_least", {"-n", "2", "--min-workers", "0", "--", "true"}, "--min-workers = 0", "from 1 to 2"},
    {"restarts_unelastic",
     {"-n", "4", "--restarts", "1", "--", "true"},
     "--restarts = 1",
     "--min-workers from 1 to 3"},
    {"restarts_of_one", {"-n", "1", "--restarts", "1", "--", "true"}, "--restarts = 1", "--run.resume"},
    {"negative_restarts", {"-n", "2", "--restarts", "-1", "--", "true"}, "--restarts = -1", "from 0"},
    {"no_deadline",
     {"-n", "2", "--deadline", "0", "--", "true"},
     "--deadline = 0",
     "from 0.1 to 86400 seconds"},
    {"word_for_grace", {"-n", "2", "--grace", "soon", "--", "true"}, "--grace = soon", "a number"},
    {"negative_grace", {"-n", "2", "--grace", "-1", "--", "true"}, "--grace = -1", "from 0 to 86400 seconds"},
    {"every_address",
     {"-n", "2", "--address", "0.0.0.0", "--", "true"},
     "--address = 0.0.0.0",
     "one of this machine"},
    {"no_port", {"-n", "2", "--port", "0", "--", "true"}, "--port = 0", "from 1 to 65535"},
    {"high_port", {"-n", "2", "--port", "65536", "--", "true"}, "--port = 65536", "from 1 to 65535"},
    {"blank_shell", {"-n", "2", "--ssh", " ", "--", "true"}, "--ssh = ' '", "such as ssh"},
};

INSTANTIATE_TEST_SUITE_P(Words, BadLaunchWords, ::testing::ValuesIn(bad_words),
                         [](const auto& bad) { return std::string(bad.param.name); });

TEST(LaunchRequest, TellsWhatIsWrongWithTheHosts) {
  const test::TemporaryFolder folder;
  EXPECT_THROW(read_launch_request(catalogue, {"--hosts", folder / "none", "--", "true"}), FileError);
  write_file_atomically(folder / "hosts", "a slots=2\nb slots=x\n");
  EXPECT_THROW(read_launch_request(catalogue, {"--hosts", folder / "hosts", "--", "true"}), DataError);
  write_file_atomically(folder / "hosts", "10.1.2.3\n");
  try {
    launch_command(catalogue, {"--hosts", folder / "hosts", "--ssh", "no-such-shell", "--", "true"});
    FAIL() << "was accepted";
  } catch (const OptionError& error) {
    EXPECT_THAT(error.what(), HasSubstr("--ssh = no-such-shell: is no program"));
  }
}

TEST(LaunchRequest, DryRunShowsThePlan) {
  const test::TemporaryFolder folder;
  write_file_atomically(folder / "hosts", "localhost\nnode7 slots=2\n");
  ::testing::internal::CaptureStdout();
  const int code = launch_command(catalogue, {"--hosts", folder / "hosts", "--ssh", "true -x", "--dry-run",
                                              "--", "sh", "-c", "echo $RANK"});
  const std::string shown = ::testing::internal::GetCapturedStdout();
  EXPECT_EQ(code, 0);
  EXPECT_THAT(shown, HasSubstr("rank  host       local rank  command\n"));
  EXPECT_THAT(shown, HasSubstr("   0  localhost           0  sh -c 'echo $RANK'\n"));
  EXPECT_THAT(shown, HasSubstr("   2  node7               1  sh -c 'echo $RANK'\n"));
  EXPECT_THAT(shown, HasSubstr("true -x HOST"));
}

}  // namespace
}  // namespace muster
