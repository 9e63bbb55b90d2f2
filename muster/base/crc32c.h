#pragma once

#include <cstdint>
#include <string_view>

namespace muster::inline base {

/// CRC-32C (Castagnoli polynomial 0x1EDC6F41, reflected; RFC 3720 appendix B.4): "123456789" gives
/// 0xE3069283. `so_far`: the checksum of the bytes before these, so that content can be checked piece by
/// piece.
uint32_t crc32c(std::string_view bytes, uint32_t so_far = 0);

/// The masked form that TFRecord files hold, so that a checksum of data that contains checksums stays sound.
uint32_t masked_crc32c(std::string_view bytes);

}  // namespace muster::inline base
