#pragma once

#include <string>
#include <string_view>

#include "muster/base/plain_file.h"
#include "muster/task/images/image_folder.h"
#include "muster/task/images/images.h"

namespace muster::inline task {

/// Digests of data: texts that differ where the content does, whatever its path: "5,000 bytes, checksum
/// 0123...".

std::string digest_of(std::string_view bytes);
std::string digest_of(const Images& images);

/// Up to 64 MiB every byte counts; of larger files the length and 1,025 blocks of 64 KiB, evenly spread, the
/// first and the last among them. Throws FileError, DataError.
std::string digest_of(const PlainFile& file);

/// Names and order of all files, and of up to 1,024 of them, evenly spread, length and content: small files
/// (48 KiB) whole, of others the first, middle and last 16 KiB. A file that cannot be read counts as such.
std::string digest_of(const ImageFolder& folder);

}  // namespace muster::inline task
