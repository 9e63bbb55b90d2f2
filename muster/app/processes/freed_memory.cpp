#include "muster/app/processes/freed_memory.h"

#include <cstdlib>
#include <limits>
#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace muster::inline app {

void keep_freed_memory() {
#ifdef __GLIBC__
  ::mallopt(M_ARENA_MAX, 1);  // the pools of single threads give back what they have in excess
  ::mallopt(M_MMAP_MAX, 0);   // mapped blocks go back as soon as they are freed
  ::mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  ::mallopt(M_TOP_PAD, 16 << 20);  // bytes asked for at a time
#endif
}

}  // namespace muster::inline app
