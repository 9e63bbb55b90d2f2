#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>

#include "muster/app/launch/launch_plan.h"
#include "muster/app/processes/host_address.h"
#include "muster/base/error.h"
#include "muster/base/file.h"
#include "muster/report/html_text.h"
#include "tests/support/temporary_folder.h"

namespace muster {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(HostsFile, HasHostsSlotsAndComments) {
  const auto hosts =
      parse_hosts("# the cluster\n\nnode1 slots=4\n  user@10.0.0.2\t# one slot\r\nfe80::1 slots=2", "h");
  EXPECT_THAT(hosts,
              ElementsAre(HostSlots{"node1", 4}, HostSlots{"user@10.0.0.2", 1}, HostSlots{"fe80::1", 2}));
}

struct GoodHosts {
  const char* name;
  const char* text;
  std::vector<HostSlots> hosts;
};
std::ostream& operator<<(std::ostream& out, const GoodHosts& good) { return out << good.name; }

class GoodHostsFile : public ::testing::TestWithParam<GoodHosts> {};

TEST_P(GoodHostsFile, IsUnderstood) { EXPECT_EQ(parse_hosts(GetParam().text, "h"), GetParam().hosts); }

const GoodHosts good_hosts[] = {
    {"mpich", "node1:4\nnode2:4  # and no more\n", {{"node1", 4}, {"node2", 4}}},
    {"horovod_in_a_line", "node1:4,node2,me@node3:2", {{"node1", 4}, {"node2", 1}, {"me@node3", 2}}},
    {"open_mpi",
     "a slots=2 max-slots=4\nb slots = 3 max_slots=3\nc max-slots=5\nd count=2\n",
     {{"a", 2}, {"b", 3}, {"c", 5}, {"d", 2}}},
    {"lam_and_lsf", "a cpu=2\nb 3\n", {{"a", 2}, {"b", 3}}},
    {"pbs", "a\na\nb\na\n", {{"a", 3}, {"b", 1}}},
    {"mpich_twice", "a:4\nb:1\na:2", {{"a", 6}, {"b", 1}}},
    {"slurm", "a[1-3,7],b", {{"a1", 1}, {"a2", 1}, {"a3", 1}, {"a7", 1}, {"b", 1}}},
    {"slurm_with_slots",
     "me@n[009-010]:8\nx[1-2] slots=4",
     {{"me@n009", 8}, {"me@n010", 8}, {"x1", 4}, {"x2", 4}}},
    {"ipv6",
     "[2001:db8::1]:4\n[2001:db8::2]\nme@[fe80::1%eth0]:2\n2001:db8::3 slots=3\n2001:db8::4",
     {{"2001:db8::1", 4},
      {"2001:db8::2", 1},
      {"me@fe80::1%eth0", 2},
      {"2001:db8::3", 3},
      {"2001:db8::4", 1}}},
    {"user", "a slots=2 user=me", {{"me@a", 2}}},
    {"windows", "\xEF\xBB\xBFnode1:2\r\n\r\n# no more\r\n", {{"node1", 2}}},
};
INSTANTIATE_TEST_SUITE_P(Hosts, GoodHostsFile, ::testing::ValuesIn(good_hosts),
                         [](const auto& good) { return std::string(good.param.name); });

struct BadHosts {
  const char* name;
  const char* text;
  const char* told;
};

std::ostream& operator<<(std::ostream& out, const BadHosts& bad) { return out << bad.name; }

class BadHostsFile : public ::testing::TestWithParam<BadHosts> {};

TEST_P(BadHostsFile, IsRefusedWithFileAndLine) {
  try {
    parse_hosts(GetParam().text, "hosts.txt");
    FAIL() << "was accepted";
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr(GetParam().told));
    EXPECT_THAT(error.what(), Not(HasSubstr("\n")));
  }
}

const BadHosts bad_hosts[] = {
    {"empty", "", "hosts.txt: names no host"},
    {"only_comments", "# a\n\n", "names no host"},
    {"an_option", "a\n-oProxyCommand=evil", "hosts.txt:2: -oProxyCommand=evil: is no host"},
    {"shell_words", "a;reboot", "hosts.txt:1: a;reboot: is no host"},
    {"no_slots", "a slots=0", "hosts.txt:1: slots=0: must be slots=N with N from 1"},
    {"many_slots", "a slots=99999999999", "must be slots=N"},
    {"word_for_slots", "a slots=two", "must be slots=N"},
    {"many_behind_a_colon", "a:99999", "hosts.txt:1: a:99999: must be HOST:N with N slots"},
    {"no_number_behind_a_colon", "a:b", "a:b: must be HOST:N"},
    {"three_words", "a slots=1 b",
     "hosts.txt:1: b: is not understood; a line is HOST, HOST:N or HOST slots=N"},
    {"another_key", "a rack=3", "rack=3: is not understood"},
    {"fewer_at_most", "a slots=4 max-slots=2", "slots=4 max-slots=2: has fewer slots at most"},
    {"slots_in_two_ways", "a:2 slots=3", "a:2: says its slots twice, 2 and 3"},
    {"slots_two_times", "a slots=2 slots=2", "slots=2: is given a second time"},
    {"no_list_of_nodes", "a[3-1]", "hosts.txt:1: a[3-1]: is no list of nodes"},
    {"an_open_bracket", "a[1-2", "a[1-2: is no list of nodes"},
    {"an_open_address", "[::1", "[::1"},
    {"an_option_by_brackets", "-o[1-2]", "-o[1-2]: is no host"},
    {"nothing_between_commas", "a,,b", "is no host"},
    {"too_many_in_all", "a:4000\na:97", "hosts.txt:2: a: has more than 4096 slots in all"},
};

INSTANTIATE_TEST_SUITE_P(Hosts, BadHostsFile, ::testing::ValuesIn(bad_hosts),
                         [](const auto& bad) { return std::string(bad.param.name); });

TEST(LaunchPlan, FillsHostAfterHost) {
  const std::vector<HostSlots> hosts = {{"a", 2}, {"localhost", 3}, {"c", 4}};
  EXPECT_THAT(place_ranks(hosts, 4, "h"),
              ElementsAre(RankPlace{0, "a", false, 0, 2}, RankPlace{1, "a", false, 1, 2},
                          RankPlace{2, "localhost", true, 0, 2}, RankPlace{3, "localhost", true, 1, 2}));
  EXPECT_EQ(place_ranks(hosts, 0, "h").size(), 9U);
  EXPECT_EQ(place_ranks(hosts, 9, "h").back(), (RankPlace{8, "c", false, 3, 4}));
  EXPECT_THAT(place_here(2),
              ElementsAre(RankPlace{0, "localhost", true, 0, 2}, RankPlace{1, "localhost", true, 1, 2}));
}

TEST(LaunchPlan, RefusesMoreProcessesThanSlotsAndThisMachineTwice) {
  try {
    place_ranks({{"a", 2}, {"b", 1}}, 4, "hosts.txt");
    FAIL() << "was accepted";
  } catch (const OptionError& error) {
    EXPECT_THAT(error.what(), HasSubstr("-n = 4: the hosts of hosts.txt have 3 slots in all"));
  }
  EXPECT_THROW(place_ranks({{"localhost", 1}, {"127.0.0.1", 1}}, 2, "h"), OptionError);
}

TEST(LaunchPlan, TellsEachRankItsPlace) {
  const RunAddress address{"10.0.0.1:4000", "secret", "node0", 4001};
  const Variables variables = rank_variables({5, "b", false, 1, 4}, 8, address, 2);
  EXPECT_THAT(variables,
              ElementsAre(std::pair("RANK", "5"), std::pair("WORLD_SIZE", "8"), std::pair("LOCAL_RANK", "1"),
                          std::pair("LOCAL_WORLD_SIZE", "4"), std::pair("MASTER_ADDR", "node0"),
                          std::pair("MASTER_PORT", "4001"), std::pair("MUSTER_STORE", "10.0.0.1:4000"),
                          std::pair("MUSTER_TOKEN", "secret"), std::pair("MUSTER_MIN_WORKERS", "8"),
                          std::pair("MUSTER_LAUNCH_RESTART", "2")));
}

TEST(LaunchPlan, VariablesReplaceThoseOfBefore) {
  const auto environment = with_variables(
      {"RANK=7", "RANKS=1", "PATH=/bin", "TORCHELASTIC_USE_AGENT_STORE=True"}, {{"RANK", "0"}});
  EXPECT_THAT(environment, ElementsAre("RANKS=1", "PATH=/bin", "RANK=0"));
}

TEST(LaunchPlan, TheTokenIsInNoCommandLine) {
  const Variables variables = rank_variables({0, "a", false, 0, 1}, 1, {"s:1", "secret", "a", 2}, 0);
  const std::string script = remote_script("/a folder", variables, {"echo", "it's"}, 30);
  EXPECT_THAT(script, Not(HasSubstr("secret")));
  EXPECT_THAT(script, HasSubstr("cd '/a folder'"));
  EXPECT_THAT(script, HasSubstr("MUSTER_STORE=s:1"));
  EXPECT_THAT(script, HasSubstr("echo 'it'\\''s'"));
  EXPECT_THAT(script, Not(HasSubstr("\n")));
}

TEST(LaunchPlan, AnInputReachesTheProgramThroughTheScript) {
  const std::string text = "a = 'it''s'\n# \\n \\0101 $HOME `ls` %d \\c \\\\\n\tlast line without an end";
  EXPECT_THAT(in_one_line(text), Not(HasSubstr("\n")));
  const std::string script = remote_script("/", {}, {"/bin/sh", "-c", "cat; exit 7"}, 1, true);
  EXPECT_THAT(script, Not(HasSubstr("\n")));
  const test::TemporaryFolder folder;
  write_file_atomically(folder / "in", "token\n" + in_one_line(text) + "\n");
  // A standard input that stays open, as that of a remote shell does.
  const std::string command = "mkfifo " + folder / "fifo" + "; exec 4<>" + folder / "fifo" + "; cat " +
                              folder / "in" + " >&4; /bin/sh -c " + shell_quoted(script) + " <&4 >" +
                              folder / "out";
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 7);
  EXPECT_EQ(read_file(folder / "out"), text);
}

TEST(HostAddress, OfThisMachine) {
  EXPECT_TRUE(is_this_host("localhost"));
  EXPECT_TRUE(is_this_host("127.0.0.1"));
  EXPECT_FALSE(is_this_host("somebody@localhost")) << "another user needs the remote shell";
  EXPECT_FALSE(is_this_host("10.99.99.99"));
  EXPECT_EQ(address_facing("me@127.0.0.1"), "127.0.0.1");
  EXPECT_THROW(address_facing("no such host"), Error);
  EXPECT_GT(free_port(), 0);
  EXPECT_EQ(host_and_port("10.0.0.1", 5), "10.0.0.1:5");
  EXPECT_EQ(host_and_port("fe80::1", 5), "[fe80::1]:5");
}

}  // namespace
}  // namespace muster
