#pragma once

#include <memory>

#include "muster/comm/communicator.h"

namespace muster {

/// The group that this process was started in, as its launcher's environment variables say: WORLD_SIZE
/// (torchrun), OMPI_COMM_WORLD_SIZE (Open MPI), PMI_SIZE (MPICH, Intel MPI), SLURM_NTASKS (srun). A process
/// that none of them describes is alone and gets a group of one. Groups of several processes do not exist
/// yet: throws Error, naming the variable, where one says that there are more; also where one is no number
/// >= 1.
std::unique_ptr<Communicator> join_group();

}  // namespace muster
