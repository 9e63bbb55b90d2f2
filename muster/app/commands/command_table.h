#pragma once

#include <span>

#include "muster/app/processes/program.h"

namespace muster::inline app {

/// The commands of the program `muster`, in the order of its help.
std::span<const Command> muster_commands();

}  // namespace muster::inline app
