#pragma once

#include <cstdint>

namespace muster::inline base {

/// 64 bits from the system's generator, which nobody can guess. Throws Error where it gives none.
uint64_t secret_bits();

}  // namespace muster::inline base
