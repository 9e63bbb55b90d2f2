#pragma once

#include <cstddef>
#include <span>

namespace muster {

/// Into a slot, a piece of a message of so many bytes. Those of large messages go past the caches: reading
/// lines that lie changed in another core's cache takes twice as long as reading them from memory (Zen 3).
void copy_into_slot(std::byte* slot, std::span<const std::byte> piece, size_t message_bytes);

/// Out of a slot, which another core has written. Pieces of large messages go past the caches: their memory
/// is seldom in there, and need not be read first.
void copy_from_slot(std::byte* to, std::span<const std::byte> piece, size_t message_bytes);

}  // namespace muster
