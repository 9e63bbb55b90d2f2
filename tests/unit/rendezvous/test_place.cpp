#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "muster/base/error.h"
#include "muster/rendezvous/launcher_variables.h"
#include "muster/rendezvous/place.h"
#include "muster/rendezvous/slurm_nodes.h"
#include "muster/rendezvous/slurm_step.h"

namespace muster {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using Variables = std::map<std::string, std::string>;

Place place_in(const Variables& variables) {
  return find_place([&](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  });
}

std::string refusal_of(const Variables& variables) {
  try {
    place_in(variables);
  } catch (const Error& error) {
    return error.what();
  }
  return "no refusal";
}

Variables with(Variables variables, const std::string& name, const std::string& value) {
  variables[name] = value;
  return variables;
}
Variables without(Variables variables, const std::string& name) {
  variables.erase(name);
  return variables;
}

const Variables torchrun{{"RANK", "5"},
                         {"WORLD_SIZE", "8"},
                         {"LOCAL_RANK", "1"},
                         {"LOCAL_WORLD_SIZE", "4"},
                         {"MASTER_ADDR", "node07"},
                         {"MASTER_PORT", "29500"}};
const Variables open_mpi{{"OMPI_COMM_WORLD_RANK", "1"},
                         {"OMPI_COMM_WORLD_SIZE", "4"},
                         {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                         {"OMPI_COMM_WORLD_LOCAL_SIZE", "4"},
                         {"PMIX_NAMESPACE", "441647105"}};
const Variables mpich{
    {"PMI_RANK", "3"}, {"PMI_SIZE", "4"}, {"MPI_LOCALRANKID", "1"}, {"MPI_LOCALNRANKS", "2"}};
const Variables slurm{{"SLURM_PROCID", "6"},
                      {"SLURM_STEP_NUM_TASKS", "7"},
                      {"SLURM_NTASKS", "9"},
                      {"SLURM_LOCALID", "0"},
                      {"SLURM_NODEID", "3"},
                      {"SLURM_STEP_TASKS_PER_NODE", "2(x3),1"},
                      {"SLURM_STEP_NODELIST", "node[01-03,07]"},
                      {"SLURM_JOB_NODELIST", "other[1-9]"},
                      {"SLURM_JOB_ID", "1234567"},
                      {"SLURM_STEP_ID", "2"}};

TEST(Place, AloneWithoutALauncher) {
  const Place place = place_in({{"MASTER_ADDR", "x"}, {"RANK", "3"}, {"PATH", "/bin"}});
  EXPECT_EQ(place.size, 1);
  EXPECT_EQ(place.rank, 0);
  EXPECT_EQ(place.launcher, "");
  EXPECT_EQ(place.store_address, "");
  EXPECT_EQ(place.store, Place::Store::none);
}

TEST(Place, MusterLaunch) {
  Variables variables = with(torchrun, "MUSTER_STORE", "10.0.0.1:4000");
  variables["MUSTER_TOKEN"] = "abc";
  const Place place = place_in(variables);
  EXPECT_EQ(place.launcher, "muster launch");
  EXPECT_EQ(place.rank, 5);
  EXPECT_EQ(place.size, 8);
  EXPECT_EQ(place.local_rank, 1);
  EXPECT_EQ(place.local_size, 4);
  EXPECT_EQ(place.store_address, "10.0.0.1");
  EXPECT_EQ(place.store_port, 4000);
  EXPECT_EQ(place.token, "abc");
  EXPECT_EQ(place.store, Place::Store::launcher);
  EXPECT_EQ(place_in(with(torchrun, "MUSTER_STORE", "[fe80::1]:4000")).store_address, "fe80::1");
  const Place one = place_in({{"MUSTER_STORE", "h:1"}, {"RANK", "0"}, {"WORLD_SIZE", "1"}});
  EXPECT_EQ(one.store, Place::Store::launcher);
  EXPECT_EQ(one.size, 1);
  for (const char* const wrong :
       {"", "host", "host:", ":80", "host:0", "host:65536", "host:8o", "::1:80", "[]:80"})
    EXPECT_THAT(refusal_of(with(torchrun, "MUSTER_STORE", wrong)),
                HasSubstr("MUSTER_STORE = '" + std::string(wrong) + "': must be host:port"));
  EXPECT_THAT(refusal_of({{"MUSTER_STORE", "h:1"}}), HasSubstr("WORLD_SIZE is not set"));
}

TEST(Place, Torchrun) {
  const Place place = place_in(torchrun);
  EXPECT_EQ(place.launcher, "torchrun");
  EXPECT_EQ(place.rank, 5);
  EXPECT_EQ(place.local_rank, 1);
  EXPECT_EQ(place.local_size, 4);
  EXPECT_EQ(place.store_address, "node07");
  EXPECT_EQ(place.store_port, 29500);
  EXPECT_EQ(place.store, Place::Store::rank_zero);
  EXPECT_EQ(place_in(with(torchrun, "TORCHELASTIC_USE_AGENT_STORE", "True")).store,
            Place::Store::torchrun_agent);
  EXPECT_EQ(place_in(with(torchrun, "TORCHELASTIC_USE_AGENT_STORE", "False")).store, Place::Store::rank_zero);
  EXPECT_EQ(place_in({{"WORLD_SIZE", "1"}}).store, Place::Store::none);
  const Place by_hand =
      place_in({{"RANK", "1"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "127.0.0.1"}, {"MASTER_PORT", "1"}});
  EXPECT_EQ(by_hand.local_rank, 0);
  EXPECT_EQ(by_hand.local_size, 1);
}

TEST(Place, NamesTheVariableThatIsWrong) {
  EXPECT_EQ(refusal_of(with(torchrun, "RANK", "8")),
            "the environment variable RANK = '8': must be the rank of this process, 0 to 7");
  for (const char* const wrong : {"", "x", "-1", "1.5", " 1", "99999999999999999999"})
    EXPECT_THAT(refusal_of(with(torchrun, "RANK", wrong)), HasSubstr("RANK = '" + std::string(wrong) + "'"));
  for (const char* const wrong : {"", "0", "-4", "4x", "3000000000"})
    EXPECT_THAT(refusal_of(with(torchrun, "WORLD_SIZE", wrong)),
                AllOf(HasSubstr("WORLD_SIZE = '" + std::string(wrong) + "'"), HasSubstr("at least 1")));
  for (const char* const wrong : {"0", "65536", "port", ""})
    EXPECT_THAT(refusal_of(with(torchrun, "MASTER_PORT", wrong)), HasSubstr("1 to 65535"));
  EXPECT_THAT(refusal_of(with(torchrun, "LOCAL_RANK", "4")), HasSubstr("LOCAL_RANK = '4'"));
  EXPECT_THAT(refusal_of(with(torchrun, "LOCAL_WORLD_SIZE", "9")), HasSubstr("at most WORLD_SIZE = 8"));
  EXPECT_THAT(refusal_of(with(torchrun, "MASTER_ADDR", "")), HasSubstr("MASTER_ADDR = ''"));
  for (const char* const needed : {"RANK", "MASTER_ADDR", "MASTER_PORT"})
    EXPECT_THAT(refusal_of(without(torchrun, needed)), HasSubstr(std::string(needed) + " is not set"));
}

TEST(Place, OpenMpi) {
  const Place place = place_in(open_mpi);
  EXPECT_EQ(place.launcher, "Open MPI");
  EXPECT_EQ(place.rank, 1);
  EXPECT_EQ(place.size, 4);
  EXPECT_EQ(place.store_address, "127.0.0.1");
  EXPECT_GE(place.store_port, 20000);
  EXPECT_LT(place.store_port, 30000);
  EXPECT_EQ(place_in(with(open_mpi, "OMPI_COMM_WORLD_RANK", "2")).store_port, place.store_port);
  EXPECT_NE(place_in(with(open_mpi, "PMIX_NAMESPACE", "441647106")).store_port, place.store_port);
  EXPECT_EQ(place.store, Place::Store::rank_zero);
  const Variables several = with(open_mpi, "OMPI_COMM_WORLD_LOCAL_SIZE", "2");
  EXPECT_THAT(refusal_of(several), AllOf(HasSubstr("MASTER_ADDR is not set"), HasSubstr("-x MASTER_ADDR")));
  EXPECT_EQ(place_in(with(several, "MASTER_ADDR", "node1")).store_address, "node1");
  EXPECT_EQ(place_in(with(open_mpi, "MASTER_PORT", "77")).store_port, 77);
  EXPECT_THAT(refusal_of(without(open_mpi, "PMIX_NAMESPACE")), HasSubstr("MASTER_PORT is not set"));
  EXPECT_EQ(place_in({{"OMPI_COMM_WORLD_SIZE", "1"}}).store, Place::Store::none);
}

TEST(Place, Mpich) {
  EXPECT_THAT(refusal_of(mpich), HasSubstr("MASTER_ADDR is not set"));
  EXPECT_THAT(refusal_of(with(mpich, "MASTER_ADDR", "n1")),
              AllOf(HasSubstr("MASTER_PORT is not set"), HasSubstr("-genv MASTER_PORT")));
  Variables variables = with(mpich, "MASTER_ADDR", "n1");
  variables["MASTER_PORT"] = "29400";
  const Place place = place_in(variables);
  EXPECT_EQ(place.launcher, "MPICH");
  EXPECT_EQ(place.rank, 3);
  EXPECT_EQ(place.local_rank, 1);
  EXPECT_EQ(place.local_size, 2);
  EXPECT_EQ(place.store_address, "n1");
  EXPECT_EQ(place.store_port, 29400);
  Variables one_host = with(mpich, "MPI_LOCALNRANKS", "4");
  one_host["PBS_JOBID"] = "17.server";
  EXPECT_EQ(place_in(one_host).store_address, "127.0.0.1");
  EXPECT_EQ(place_in(one_host).store_port, port_of_job("17.server"));
}

TEST(Place, SlurmStep) {
  const Place place = place_in(slurm);
  EXPECT_EQ(place.launcher, "Slurm");
  EXPECT_EQ(place.rank, 6);
  EXPECT_EQ(place.size, 7);
  EXPECT_EQ(place.local_rank, 0);
  EXPECT_EQ(place.local_size, 1);
  EXPECT_EQ(place.store_address, "node01");
  EXPECT_EQ(place.store_port, 24569);
  EXPECT_EQ(place.store, Place::Store::rank_zero);
  EXPECT_EQ(place_in(with(slurm, "SLURM_NODEID", "1")).local_size, 2);
  EXPECT_EQ(place_in(with(without(slurm, "SLURM_STEP_NUM_TASKS"), "SLURM_PROCID", "8")).size, 9);
  EXPECT_EQ(place_in(without(slurm, "SLURM_STEP_NODELIST")).store_address, "other1");
  EXPECT_EQ(place_in(with(slurm, "MASTER_ADDR", "elsewhere")).store_address, "elsewhere");
  const Place one_node = place_in(with(with(slurm, "SLURM_STEP_TASKS_PER_NODE", "7"), "SLURM_NODEID", "0"));
  EXPECT_EQ(one_node.store_address, "127.0.0.1");
  const Variables each = with(with(without(slurm, "SLURM_STEP_TASKS_PER_NODE"), "SLURM_NTASKS_PER_NODE", "2"),
                              "SLURM_LOCALID", "1");
  EXPECT_EQ(place_in(each).local_size, 2);
  EXPECT_THAT(refusal_of(with(slurm, "SLURM_PROCID", "7")), HasSubstr("SLURM_PROCID = '7'"));
  EXPECT_THAT(refusal_of(with(slurm, "SLURM_JOB_ID", "x")), HasSubstr("SLURM_JOB_ID = 'x'"));
  EXPECT_THAT(refusal_of(with(slurm, "SLURM_NODEID", "4")), HasSubstr("it ends too early"));
  EXPECT_THAT(refusal_of(without(slurm, "SLURM_JOB_ID")), HasSubstr("MASTER_PORT is not set"));
}

TEST(Place, ABatchScriptOfSlurmIsAlone) {
  EXPECT_EQ(place_in(without(slurm, "SLURM_STEP_ID")).size, 1);
  EXPECT_EQ(place_in(with(slurm, "SLURM_STEP_ID", "4294967291")).size, 1);
  EXPECT_EQ(place_in(with(without(slurm, "SLURM_STEP_ID"), "SLURM_STEPID", "2")).size, 7);
}

TEST(Place, MpiInsideSlurmIsMpi) {
  // srun with a PMI library: the same ranks. mpiexec in an allocation: one task a node, with ranks of its
  // own.
  Variables srun = with(with(slurm, "PMI_RANK", "6"), "PMI_SIZE", "7");
  EXPECT_EQ(place_in(srun).launcher, "Slurm");
  Variables mpiexec = slurm;
  mpiexec.insert(mpich.begin(), mpich.end());
  mpiexec["MASTER_ADDR"] = "n";
  EXPECT_EQ(place_in(mpiexec).launcher, "MPICH");
  EXPECT_EQ(place_in(mpiexec).rank, 3);
  EXPECT_EQ(place_in(mpiexec).store_port, port_of_job("1234567"));
}

TEST(SlurmStep, FindsTheFirstNode) {
  const auto first = [](const std::string& list) { return first_slurm_node("LIST", list); };
  EXPECT_EQ(first("node[01-04,7],other3"), "node01");
  EXPECT_EQ(first("other3,node[01-04,7]"), "other3");
  EXPECT_EQ(first("n[7,1-2]"), "n7");
  EXPECT_EQ(first("rack[1-2]node[003-9]-ib"), "rack1node003-ib");
  EXPECT_EQ(first("localhost"), "localhost");
  EXPECT_EQ(first("a-b.c[12]"), "a-b.c12");
  for (const char* const wrong : {"", ",a", "n[1", "n[]", "n[-2]", "n]", "a b"})
    EXPECT_THROW(first(wrong), Error);
}

TEST(SlurmNodes, AreAllNodesOfAList) {
  using testing::ElementsAre;
  EXPECT_THAT(slurm_nodes("a[1-3,7],b").value(), ElementsAre("a1", "a2", "a3", "a7", "b"));
  EXPECT_THAT(slurm_nodes("n[008-010]").value(), ElementsAre("n008", "n009", "n010"));
  EXPECT_THAT(slurm_nodes("n[9-10]").value(), ElementsAre("n9", "n10"));
  EXPECT_THAT(slurm_nodes("r[1-2]n[01-02]-ib").value(),
              ElementsAre("r1n01-ib", "r1n02-ib", "r2n01-ib", "r2n02-ib"));
  for (const char* const wrong :
       {"", "a,", "a[2-1]", "a[]", "a[1,]", "a[x]", "a[1", "a1]", "a[1-99999999]", "a[1-999][1-999]"})
    EXPECT_FALSE(slurm_nodes(wrong)) << wrong;
}

TEST(Place, TakesAnAddressOfIpv6InBracketsAndRefusesAPort) {
  const Variables started = {
      {"RANK", "1"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "[::1]"}, {"MASTER_PORT", "1"}};
  EXPECT_EQ(place_in(started).store_address, "::1");
  EXPECT_EQ(place_in(with(started, "MASTER_ADDR", "fe80::1%eth0")).store_address, "fe80::1%eth0");
  EXPECT_THAT(refusal_of(with(started, "MASTER_ADDR", "node1:29500")), HasSubstr("MASTER_PORT"));
  EXPECT_THAT(refusal_of(with(started, "MASTER_ADDR", "[]")), HasSubstr("MASTER_ADDR = '[]'"));
}

TEST(SlurmStep, CountsTheTasksOfANode) {
  const auto tasks = [](const std::string& counts, int node) {
    return slurm_tasks_of_node("COUNTS", counts, node);
  };
  EXPECT_EQ(tasks("2(x3),1", 0), 2);
  EXPECT_EQ(tasks("2(x3),1", 2), 2);
  EXPECT_EQ(tasks("2(x3),1", 3), 1);
  EXPECT_EQ(tasks("16", 0), 16);
  EXPECT_EQ(tasks("1,4,2(x100)", 50), 2);
  for (const char* const wrong : {"", "x", "0", "2(x0)", "2(x", "2(x3", "2,", "2;1", "-1"})
    EXPECT_THROW(tasks(wrong, 5), Error) << wrong;
}

}  // namespace
}  // namespace muster
