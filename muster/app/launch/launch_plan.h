#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "muster/app/launch/hosts_file.h"

namespace muster::inline app {

/// Which rank runs where.
struct RankPlace {
  int rank = 0;
  std::string host;
  bool here = true;    ///< on this machine: started without a remote shell
  int local_rank = 0;  ///< among the run's processes on that host
  int local_size = 1;
  bool operator==(const RankPlace&) const = default;
};

/// Fills the hosts in their order until all ranks have a place. `processes`: 0 for as many as there are
/// slots. Throws OptionError ("-n") when there are fewer slots than processes, and when two of the names mean
/// this machine.
std::vector<RankPlace> place_ranks(const std::vector<HostSlots>& hosts, int processes,
                                   const std::string& hosts_name);
/// Places all ranks on this machine.
std::vector<RankPlace> place_here(int processes);

/// Variables of an environment.
using Variables = std::vector<std::pair<std::string, std::string>>;

/// What every rank of a run is told.
struct RunAddress {
  std::string store;  ///< host:port of the launcher's store
  std::string token;
  std::string master_address;  ///< where rank 0 runs, for programs whose rank 0 serves
  int master_port = 0;
  int min_workers = 0;  ///< processes without which the run cannot go on; 0: all
};

/// The variables of one rank: RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE, MASTER_ADDR, MASTER_PORT,
/// MUSTER_STORE, MUSTER_TOKEN, MUSTER_MIN_WORKERS and MUSTER_LAUNCH_RESTART (0 at the first start).
Variables rank_variables(const RankPlace& place, int ranks, const RunAddress& address, int restart);

/// The environment `before` ("NAME=value") with the variables set, and without those of an outer torchrun
/// about its own store.
std::vector<std::string> with_variables(const std::vector<std::string>& before, const Variables& variables);

/// A script for a shell on another host: it enters the folder, reads the token from its standard input (so
/// that no process list shows it), runs the program with the other variables and ends with its exit code.
/// Each further line of its standard input is the name of a signal for the program; when the input ends,
/// because the launcher or the connection died, the program gets TERM and, `grace` seconds later, KILL.
/// `with_input`: behind the token comes a line that in_one_line() has made, for the standard input of the
/// program.
std::string remote_script(const std::string& folder, const Variables& variables,
                          const std::vector<std::string>& command, double grace, bool with_input = false);

/// Encodes a text as one line, which printf '%b' of a shell decodes.
std::string in_one_line(std::string_view text);

}  // namespace muster::inline app
