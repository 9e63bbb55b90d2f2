#pragma once

#include <cstdint>

#include "muster/engine/signature_case.h"

namespace muster::inline app {
class Catalogue;
}  // namespace muster::inline app

namespace muster::inline engine {

/// Hash of the meetings (or arrivals) and of the bits of the parameters that the case ends with, of all
/// workers in their order. The same on every x86-64. Throws what a training throws.
uint64_t signature_of(const Catalogue& catalogue, const SignatureCase& chosen);

}  // namespace muster::inline engine
