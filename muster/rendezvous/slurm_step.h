#pragma once

#include <string>

#include "muster/rendezvous/launcher_variables.h"

namespace muster::inline rendezvous {

/// The first node of one of Slurm's lists: "node[01-04,7],other3" -> "node01". `name`: of the variable, for
/// the Error about a list that is none.
std::string first_slurm_node(const char* name, const std::string& list);

/// How many tasks the node of that number has: "2(x3),1" -> 2, 2, 2, 1. Throws Error as above.
int slurm_tasks_of_node(const char* name, const std::string& counts, int64_t node);

/// This process is a task of a job step (srun started it). A batch script is none, though it has a
/// SLURM_PROCID.
bool in_slurm_step(const LauncherVariables& variables);

/// Rank and sizes of the task, and by default the store's address and port, from the step.
/// REQUIRES: in_slurm_step.
Place slurm_place(const LauncherVariables& variables);

}  // namespace muster::inline rendezvous
