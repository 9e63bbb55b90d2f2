// `muster launch --hosts`: ranks on other hosts, which here are a remote shell that stays on this machine,
// and network namespaces.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>

#include "muster/base/file.h"
#include "tests/support/child_process.h"
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

void write_script(const std::string& path, const std::string& text) {
  write_file_atomically(path, "#!/bin/sh\n" + text + "\n");
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
}

/// A folder with a file of two hosts and a remote shell that, like ssh, hands its words as one text to a
/// shell; it starts elsewhere and with little environment, as a login does.
class TwoHosts {
 public:
  TwoHosts() {
    write_file_atomically(folder_ / "hosts", "192.0.2.1\nme@192.0.2.2 slots=2\n");
    write_script(folder_ / "shell",
                 "host=$1; shift\necho \"$host: $*\" >> " + (folder_ / "calls") +
                     "\ncd / && exec env -i PATH=\"$PATH\" HOST_NAME=\"$host\" sh -c \"$*\"");
  }

  Words launch(const Words& flags, const std::string& script) const {
    Words words = {MUSTER_PROGRAM, "launch",          "--hosts",   folder_ / "hosts",
                   "--ssh",        folder_ / "shell", "--address", "127.0.0.1"};
    words.insert(words.end(), flags.begin(), flags.end());
    words.insert(words.end(), {"--", "sh", "-c", script});
    return words;
  }
  Ended run(const Words& flags, const std::string& script) const {
    return test::run(launch(flags, script), options());
  }
  test::ChildOptions options() const { return {.folder = folder_.path()}; }
  std::string path(const std::string& name) const { return folder_ / name; }

 private:
  TemporaryFolder folder_;
};

TEST(LaunchHosts, RunsRanksThroughTheRemoteShell) {
  const TwoHosts hosts;
  const Ended ended = hosts.run(
      {},
      "echo \"it's\" $HOST_NAME $RANK/$WORLD_SIZE $LOCAL_RANK/$LOCAL_WORLD_SIZE $MASTER_ADDR > said.$RANK; "
      "echo $MUSTER_TOKEN > token.$RANK; cat");
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(read_file(hosts.path("said.0")), "it's 192.0.2.1 0/3 0/1 192.0.2.1\n");
  EXPECT_EQ(read_file(hosts.path("said.1")), "it's me@192.0.2.2 1/3 0/2 192.0.2.1\n");
  EXPECT_EQ(read_file(hosts.path("said.2")), "it's me@192.0.2.2 2/3 1/2 192.0.2.1\n");
  const std::string token = read_file(hosts.path("token.0"));
  EXPECT_EQ(token.size(), 33U);
  EXPECT_EQ(read_file(hosts.path("token.2")), token);
  const std::string calls = read_file(hosts.path("calls"));
  EXPECT_THAT(calls, HasSubstr("MUSTER_STORE=127.0.0.1:"));
  EXPECT_THAT(calls, Not(HasSubstr(token.substr(0, 32)))) << "everybody may read command lines";
}

TEST(LaunchHosts, GathersExitCodesAndOutput) {
  const TwoHosts hosts;
  const Ended ended =
      hosts.run({}, "if [ $RANK = 1 ]; then echo bad >&2; exit 9; fi; " + std::string(waiting_rank));
  EXPECT_EQ(ended.code, 9);
  EXPECT_THAT(ended.err, HasSubstr("[rank 1] bad\n"));
  EXPECT_THAT(ended.err, HasSubstr("muster: error: rank 1 on me@192.0.2.2 failed with exit code 9"));
}

TEST(LaunchHosts, HandsSignalsOn) {
  const TwoHosts hosts;
  ChildProcess launcher(hosts.launch({}, waiting_rank), hosts.options());
  ASSERT_TRUE(all_appear(hosts.path("pid."), 3));
  launcher.send(SIGTERM);
  ASSERT_TRUE(launcher.wait_for(20));
  EXPECT_EQ(launcher.wait().code, 143);
  EXPECT_TRUE(all_appear(hosts.path("asked."), 3));
}

TEST(LaunchHosts, KillsThereWhoDoesNotEnd) {
  const TwoHosts hosts;
  ChildProcess launcher(hosts.launch({"--grace", "0.2"}, deaf_rank), hosts.options());
  ASSERT_TRUE(all_appear(hosts.path("pid."), 3));
  launcher.send(SIGTERM);
  ASSERT_TRUE(launcher.wait_for(20));
  EXPECT_EQ(launcher.wait().code, 143);
  for (const char* name : {"pid.0", "pid.1", "pid.2"})
    EXPECT_NE(::kill(std::stoi(read_file(hosts.path(name))), 0), 0) << name;
}

TEST(LaunchHosts, RanksThereEndWhenTheLauncherIsKilled) {
  const TwoHosts hosts;
  ChildProcess launcher(hosts.launch({}, waiting_rank), hosts.options());
  ASSERT_TRUE(all_appear(hosts.path("pid."), 3));
  launcher.send(SIGKILL);
  EXPECT_EQ(launcher.wait().code, 137);
  EXPECT_TRUE(all_appear(hosts.path("asked."), 3));
}

TEST(LaunchHosts, SaysWhenAFolderIsMissingThere) {
  const TwoHosts hosts;
  write_script(hosts.path("shell"),
               "shift; exec sh -c \"$(echo \"$*\" | sed 's,cd [^ ]*,cd /no/such/folder,')\"");
  const Ended ended = hosts.run({"-n", "1"}, "true");
  EXPECT_EQ(ended.code, 126);
  EXPECT_THAT(ended.err, HasSubstr("/no/such/folder"));
}

/// Two network namespaces with a cable between them: 10.77.0.1 and 10.77.0.2. Gone with their owner.
class TwoNamespaces {
 public:
  TwoNamespaces() {
    ready_ = ip({"netns", "add", one_}) && ip({"netns", "add", two_}) &&
             ip({"link", "add", "m0", "netns", one_, "type", "veth", "peer", "name", "m0", "netns", two_}) &&
             address(one_, "10.77.0.1/24") && address(two_, "10.77.0.2/24");
  }
  ~TwoNamespaces() {
    ip({"netns", "del", one_});
    ip({"netns", "del", two_});
  }
  TwoNamespaces(const TwoNamespaces&) = delete;
  TwoNamespaces& operator=(const TwoNamespaces&) = delete;

  bool ready() const { return ready_; }
  const std::string& one() const { return one_; }
  const std::string& two() const { return two_; }

 private:
  static bool ip(Words words) {
    words.insert(words.begin(), {"/usr/bin/env", "ip"});
    return test::run(words).code == 0;
  }
  static bool address(const std::string& space, const std::string& address) {
    return ip({"-n", space, "addr", "add", address, "dev", "m0"}) &&
           ip({"-n", space, "link", "set", "m0", "up"}) && ip({"-n", space, "link", "set", "lo", "up"});
  }

  std::string one_ = "muster-a-" + std::to_string(::getpid()),
              two_ = "muster-b-" + std::to_string(::getpid());
  bool ready_ = false;
};

TEST(LaunchHosts, TwoNamespacesAsTwoHosts) {
  if (::geteuid() != 0) GTEST_SKIP() << "network namespaces need root";
  const TwoNamespaces spaces;
  if (!spaces.ready()) GTEST_SKIP() << "no network namespaces: ip is missing or not allowed";
  const TemporaryFolder folder;
  write_file_atomically(folder / "hosts", "localhost slots=2  # this one\n10.77.0.2 slots=2\n");
  write_script(folder / "shell", "shift; exec ip netns exec " + spaces.two() + " sh -c \"$*\"");
  // Its own address there, and whether it reaches the launcher's store.
  const std::string script =
      "exec 3<>/dev/tcp/${MUSTER_STORE%:*}/${MUSTER_STORE#*:} && "
      "echo $RANK at $(ip -o -4 addr show m0 | sed 's,.*inet \\([0-9.]*\\)/.*,\\1,') found "
      "${MUSTER_STORE%:*}, "
      "master $MASTER_ADDR";
  const Ended ended =
      test::run({"/usr/bin/env", "ip", "netns", "exec", spaces.one(), MUSTER_PROGRAM, "launch", "--hosts",
                 folder / "hosts", "--ssh", folder / "shell", "--", "bash", "-c", script});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("0 at 10.77.0.1 found 10.77.0.1, master 10.77.0.1\n"));
  EXPECT_THAT(ended.out, HasSubstr("[rank 1] 1 at 10.77.0.1 found 10.77.0.1, master 10.77.0.1\n"));
  EXPECT_THAT(ended.out, HasSubstr("[rank 2] 2 at 10.77.0.2 found 10.77.0.1, master 10.77.0.1\n"));
  EXPECT_THAT(ended.out, HasSubstr("[rank 3] 3 at 10.77.0.2 found 10.77.0.1, master 10.77.0.1\n"));
}

}  // namespace
}  // namespace muster
