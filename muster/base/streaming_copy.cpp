#include "muster/base/streaming_copy.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace muster::inline base {

#ifdef __SSE2__

void streaming_copy(void* to, const void* from, size_t bytes) {
  constexpr size_t line = 64;
  constexpr size_t ahead = 1024;  // the processor's own prefetchers stop at every page
  auto* target = static_cast<char*>(to);
  const auto* source = static_cast<const char*>(from);
  const size_t head = std::min(bytes, (line - reinterpret_cast<uintptr_t>(target) % line) % line);
  std::memcpy(target, source, head);
  size_t at = head;
  for (; at + line <= bytes; at += line) {
    __builtin_prefetch(source + at + ahead, 0, 3);
    for (size_t part = 0; part < line; part += sizeof(__m128i))
      _mm_stream_si128(reinterpret_cast<__m128i*>(target + at + part),
                       _mm_loadu_si128(reinterpret_cast<const __m128i*>(source + at + part)));
  }
  _mm_sfence();  // completes the stores before any later one, such as a flag for another thread
  std::memcpy(target + at, source + at, bytes - at);
}

#else

void streaming_copy(void* to, const void* from, size_t bytes) { std::memcpy(to, from, bytes); }

#endif

}  // namespace muster::inline base
