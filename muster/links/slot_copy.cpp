#include "muster/links/slot_copy.h"

#include <cstring>

#include "muster/base/streaming_copy.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace muster::inline links {

namespace {

/// Messages of at least so many bytes are large.
constexpr size_t large = size_t{128} << 10;

#ifdef __SSE2__

/// std::memcpy for lines that another core's cache holds: the library's `rep movsb` for medium lengths takes
/// three times as long for them (Zen 3).
void copy_lines(std::byte* to, const std::byte* from, size_t bytes) {
  constexpr size_t line = 64;
  size_t at = 0;
  for (; at + line <= bytes; at += line)
    for (size_t part = at; part < at + line; part += sizeof(__m128i))
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to + part),
                       _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + part)));
  if (at < bytes) std::memcpy(to + at, from + at, bytes - at);
}

#else

void copy_lines(std::byte* to, const std::byte* from, size_t bytes) {
  if (bytes > 0) std::memcpy(to, from, bytes);
}

#endif

}  // namespace

void copy_into_slot(std::byte* slot, std::span<const std::byte> piece, size_t message_bytes) {
  if (message_bytes >= large)
    streaming_copy(slot, piece.data(), piece.size());
  else
    copy_lines(slot, piece.data(), piece.size());
}

void copy_from_slot(std::byte* to, std::span<const std::byte> piece, size_t message_bytes) {
  if (message_bytes >= large)
    streaming_copy(to, piece.data(), piece.size());
  else
    copy_lines(to, piece.data(), piece.size());
}

}  // namespace muster::inline links
