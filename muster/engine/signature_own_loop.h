#pragma once

#include "muster/engine/signature_case.h"
#include "muster/engine/signature_hash.h"

namespace muster::inline app {
class Catalogue;
}  // namespace muster::inline app

namespace muster::inline engine {

/// Adds a training whose every rank is a loop of its own with LocalUpdates and plain gradient steps.
void add_own_loops(const Catalogue& catalogue, SignatureHash& hash, const SignatureCase& chosen);

}  // namespace muster::inline engine
