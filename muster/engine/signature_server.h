#pragma once

#include "muster/engine/signature_case.h"
#include "muster/engine/signature_hash.h"

namespace muster {

class Catalogue;

/// Adds an asynchronous training in virtual time: of every arrival its worker, verdict and staleness, and the
/// server's parameters.
void add_server(const Catalogue& catalogue, SignatureHash& hash, const SignatureCase& chosen);

}  // namespace muster
