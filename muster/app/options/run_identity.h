#pragma once

#include "muster/app/keys/options.h"
#include "muster/rendezvous/identity.h"

namespace muster {

class Catalogue;

/// What all processes of a run must have in common of its configuration: all but where files lie, and how
/// fast and over which network a process works.
Identity run_identity(const Catalogue& catalogue, const Configuration& configuration);

}  // namespace muster
