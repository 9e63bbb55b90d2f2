#pragma once

namespace muster::inline app {

/// Keeps memory that is freed for what is asked for next, in one pool of all threads, instead of handing it
/// back to the system: every step asks for the same buffers, and pages that come back from the system are
/// cleared first. Costs no more than the peak of memory, held until the end. To be called before threads
/// start; does nothing where the C library is not glibc.
void keep_freed_memory();

}  // namespace muster::inline app
