#pragma once

#include "muster/engine/signature_case.h"
#include "muster/engine/signature_hash.h"

namespace muster::inline app {
class Catalogue;
}  // namespace muster::inline app

namespace muster::inline engine {

/// Adds an asynchronous training in virtual time: of every arrival its worker, verdict and staleness, and the
/// server's parameters.
void add_server(const Catalogue& catalogue, SignatureHash& hash, const SignatureCase& chosen);

}  // namespace muster::inline engine
