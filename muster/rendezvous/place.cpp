#include "muster/rendezvous/place.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "muster/base/error.h"
#include "muster/rendezvous/launcher_variables.h"
#include "muster/rendezvous/slurm_step.h"

namespace muster::inline rendezvous {

namespace {

/// The names under which a launcher tells a process's place.
struct Names {
  const char* rank;
  const char* size;
  const char* local_rank;
  const char* local_size;
};

constexpr Names torchrun_names{"RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"};
constexpr Names open_mpi_names{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK",
                               "OMPI_COMM_WORLD_LOCAL_SIZE"};
constexpr Names mpich_names{"PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID", "MPI_LOCALNRANKS"};

/// Where the launcher does not tell the processes of this host, there are at least those up to this one.
Place numbered_place(const LauncherVariables& variables, const Names& names, const char* launcher) {
  const auto size = variables.size(names.size);
  if (!size) miss_variable(names.size, "must be the number of processes of the run");
  Place place{.rank = variables.rank(names.rank, *size), .size = *size, .launcher = launcher};
  const auto local_size = variables.size(names.local_size);
  if (local_size && *local_size > *size)
    refuse_variable(names.local_size, std::to_string(*local_size),
                    fmt::format("must be at most {} = {}", names.size, *size));
  if (variables.has(names.local_rank))
    place.local_rank = variables.rank(names.local_rank, local_size.value_or(*size));
  place.local_size = local_size.value_or(place.local_rank + 1);
  if (local_size && *local_size == *size) place.store_address = "127.0.0.1";
  return place;
}

/// "host:port", "[::1]:port".
void read_store(const std::string& text, Place& place) {
  const char* const remedy = "must be host:port of the run's store, such as 10.0.0.1:29400 or [::1]:29400";
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) refuse_variable("MUSTER_STORE", text, remedy);
  std::string host = text.substr(0, colon);
  const bool bare = without_brackets(host) == host;
  if (bare && host.find(':') != std::string::npos) refuse_variable("MUSTER_STORE", text, remedy);
  host = without_brackets(host);
  if (host.empty()) refuse_variable("MUSTER_STORE", text, remedy);
  const std::string port = text.substr(colon + 1);
  const Environment only_port = [&](const char*) { return port; };
  try {
    place.store_port = static_cast<int>(
        LauncherVariables(only_port).number("MUSTER_STORE", 1, greatest_port, remedy).value());
  } catch (const Error&) {
    // The number's own message names the port alone.
    refuse_variable("MUSTER_STORE", text, remedy);
  }
  place.store_address = host;
}

/// MASTER_ADDR and MASTER_PORT come before what followed from the launcher; rank 0 serves.
Place served_by_rank_zero(const LauncherVariables& variables, Place place, std::string_view how_to_set) {
  if (const auto address = variables.text("MASTER_ADDR")) {
    place.store_address = without_brackets(*address);
    if (place.store_address.empty()) refuse_variable("MASTER_ADDR", *address, "must be the host of rank 0");
    if (std::ranges::count(place.store_address, ':') == 1)
      refuse_variable("MASTER_ADDR", *address,
                      "must be the host of rank 0 alone; its port belongs into MASTER_PORT");
  }
  const auto port =
      variables.number("MASTER_PORT", 1, greatest_port, "must be a port of the host of rank 0, 1 to 65535");
  if (port) place.store_port = static_cast<int>(*port);
  if (place.store_address.empty())
    miss_variable("MASTER_ADDR", fmt::format("{} runs on several hosts, so it must be the host of rank 0; {}",
                                             place.launcher, how_to_set));
  if (place.store_port == 0)
    miss_variable("MASTER_PORT",
                  fmt::format("must be a free port of the host of rank 0, 1 to 65535; {}", how_to_set));
  place.store = Place::Store::rank_zero;
  return place;
}

Place launched_place(const LauncherVariables& variables, const std::string& store) {
  Place place = numbered_place(variables, torchrun_names, "muster launch");
  read_store(store, place);
  place.store = Place::Store::launcher;
  const auto least = variables.number("MUSTER_MIN_WORKERS", 1, place.size,
                                      "must be a number of processes, at least 1 and at most WORLD_SIZE");
  place.min_workers = least ? static_cast<int>(*least) : place.size;
  return place;
}

Place torchrun_place(const LauncherVariables& variables) {
  Place place = numbered_place(variables, torchrun_names, "torchrun");
  place = served_by_rank_zero(variables, place, "torchrun sets it");
  const std::string agent = variables.text("TORCHELASTIC_USE_AGENT_STORE").value_or("");
  if (agent == "True" || agent == "true" || agent == "1") place.store = Place::Store::torchrun_agent;
  return place;
}

/// Port of the first of these job names that is set.
void take_port(const LauncherVariables& variables, std::initializer_list<const char*> jobs, Place& place) {
  if (const char* const job = variables.first_of(jobs)) place.store_port = port_of_job(*variables.text(job));
}

Place open_mpi_place(const LauncherVariables& variables) {
  Place place = numbered_place(variables, open_mpi_names, "Open MPI");
  take_port(variables, {"PMIX_NAMESPACE", "OMPI_MCA_ess_base_jobid"}, place);
  return served_by_rank_zero(variables, place, "mpirun -x MASTER_ADDR -x MASTER_PORT hands both on");
}

Place mpich_place(const LauncherVariables& variables) {
  Place place = numbered_place(variables, mpich_names, "MPICH");
  take_port(variables, {"PMI_JOBID", "SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "COBALT_JOBID"}, place);
  return served_by_rank_zero(variables, place,
                             "mpiexec -genv MASTER_ADDR host -genv MASTER_PORT 29400 hands both on");
}

Place slurm_step_place(const LauncherVariables& variables) {
  return served_by_rank_zero(variables, slurm_place(variables), "srun passes on what was exported before it");
}

/// srun with a PMI library sets MPICH's variables, too, but knows the nodes.
bool started_by_srun(const LauncherVariables& variables) {
  return in_slurm_step(variables) && !variables.has("MPI_LOCALNRANKS") &&
         variables.text("PMI_RANK").value_or(*variables.text("SLURM_PROCID")) ==
             *variables.text("SLURM_PROCID");
}

Place found_place(const LauncherVariables& variables) {
  if (const auto store = variables.text("MUSTER_STORE")) return launched_place(variables, *store);
  if (const auto size = variables.size("WORLD_SIZE")) return *size == 1 ? Place{} : torchrun_place(variables);
  if (const auto size = variables.size("OMPI_COMM_WORLD_SIZE"))
    return *size == 1 ? Place{} : open_mpi_place(variables);
  if (const auto size = variables.size("PMI_SIZE"); size && !started_by_srun(variables))
    return *size == 1 ? Place{} : mpich_place(variables);
  if (!in_slurm_step(variables) || slurm_place(variables).size == 1) return Place{};
  return slurm_step_place(variables);
}

}  // namespace

std::optional<std::string> process_environment(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr) return std::nullopt;
  return value;
}

Place find_place(const Environment& environment) {
  const LauncherVariables variables(environment);
  Place place = found_place(variables);
  place.token = variables.text("MUSTER_TOKEN").value_or("");
  return place;
}

}  // namespace muster::inline rendezvous
