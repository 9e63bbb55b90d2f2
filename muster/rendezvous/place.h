#pragma once

#include <functional>
#include <optional>
#include <string>

namespace muster::inline rendezvous {

/// Which process of a run this is, and where the run's store is, as its launcher's environment says.
struct Place {
  int rank = 0;               ///< in the whole run
  int size = 1;               ///< processes of the whole run
  int local_rank = 0;         ///< on this host
  int local_size = 1;         ///< processes of the run on this host
  std::string launcher;       ///< "torchrun", "Open MPI", "MPICH", "Slurm", "muster launch"; empty: alone
  std::string store_address;  ///< host name or address of the store; empty: alone
  int store_port = 0;
  /// Who serves the store: the launcher with Muster's own (`muster launch`), torchrun's agent with a
  /// TCPStore, or rank 0 of the run.
  enum class Store { none, launcher, torchrun_agent, rank_zero } store = Store::none;
  int min_workers =
      0;  ///< processes without which the run cannot go on, where the launcher says so; 0: it does not
  std::string token;  ///< secret that the store asks for; empty: none was given
};

/// Reads one environment variable; nothing when it is not set.
using Environment = std::function<std::optional<std::string>(const char* name)>;
std::optional<std::string> process_environment(const char* name);

/// In this order: MUSTER_STORE (host:port, with RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE,
/// MUSTER_TOKEN), torchrun's RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT (TORCHELASTIC_USE_AGENT_STORE=True:
/// its agent serves), Open MPI's OMPI_COMM_WORLD_*, MPICH's and Intel MPI's PMI_RANK and PMI_SIZE, Slurm's
/// SLURM_PROCID, ... of a job step. Where MASTER_ADDR and MASTER_PORT are set they hold for every launcher;
/// where they are not, they follow from what the launcher tells (one host: 127.0.0.1; Slurm: the first node
/// of the step), the port from the job's number. Throws Error, naming the variable, its value and what would
/// be right.
Place find_place(const Environment& environment = process_environment);

}  // namespace muster::inline rendezvous
