#pragma once

#include "muster/app/keys/catalogue.h"

namespace muster {

/// The kinds with what makes them, for a program that has LibTorch: samplers, tasks and the shapes of
/// networks. What a kind brings itself stays.
Kinds with_makers(Kinds kinds);

}  // namespace muster
