#pragma once

#include <cstdint>

namespace muster::inline flat {

/// How far ahead of a pass over memory to fetch: the processor's own prefetchers stop at every page of 4 KiB,
/// which costs passes over several vectors 5 to 10 % of the bandwidth.
inline constexpr int64_t prefetch_bytes = 2048;
inline constexpr int64_t cache_line = 64;

/// Asks for the `bytes` that begin `distance` behind `at`. A hint: it may point past the end of a vector.
[[gnu::always_inline]] inline void prefetch_ahead(const void* at, int64_t bytes,
                                                  int64_t distance = prefetch_bytes) {
  const uintptr_t from = reinterpret_cast<uintptr_t>(at) + static_cast<uintptr_t>(distance);
  for (int64_t line = 0; line < bytes; line += cache_line)
    __builtin_prefetch(reinterpret_cast<const void*>(from + static_cast<uintptr_t>(line)), 1, 3);
}

}  // namespace muster::inline flat
