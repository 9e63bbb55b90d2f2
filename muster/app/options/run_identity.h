#pragma once

#include "muster/app/keys/options.h"
#include "muster/rendezvous/identity.h"

namespace muster::inline app {

class Catalogue;

/// The part of the configuration that all processes of a run must share: all but the paths of files, and the
/// speed and network of each process.
Identity run_identity(const Catalogue& catalogue, const Configuration& configuration);

}  // namespace muster::inline app
