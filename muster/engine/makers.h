#pragma once

#include "muster/app/keys/catalogue.h"

namespace muster::inline engine {

/// The kinds completed with their makers, for a program that has LibTorch: samplers, tasks and the shapes of
/// networks. A maker that a kind has already stays.
Kinds with_makers(Kinds kinds);

}  // namespace muster::inline engine
