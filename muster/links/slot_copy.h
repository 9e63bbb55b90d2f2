#pragma once

#include <cstddef>
#include <span>

namespace muster::inline links {

/// Copies a piece of a message of message_bytes into a slot. Large messages bypass the caches: reading lines
/// that another core has modified in its cache takes twice as long as reading them from memory (Zen 3).
void copy_into_slot(std::byte* slot, std::span<const std::byte> piece, size_t message_bytes);

/// Copies a piece out of a slot, which another core has written. Large messages bypass the caches: their
/// target is seldom cached, and need not be read first.
void copy_from_slot(std::byte* to, std::span<const std::byte> piece, size_t message_bytes);

}  // namespace muster::inline links
