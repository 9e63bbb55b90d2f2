#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "muster/base/checksum.h"
#include "muster/checkpoint/stored_tensor.h"

namespace muster::inline checkpoint {

using NamedTensors = std::vector<std::pair<std::string, StoredTensor>>;

/// What a safetensors file holds.
struct Safetensors {
  std::vector<std::string> names;  ///< in the order of the header
  std::map<std::string, StoredTensor> tensors;
  std::map<std::string, std::string> metadata;
  FileDigest digest;  ///< of the whole file as it was read
};

/// Writes tensors in the public safetensors format (huggingface.co/docs/safetensors): 8 bytes little-endian
/// length of the header, the header (JSON, padded with spaces to a multiple of 8), the bytes of the tensors
/// without gaps; wide types first, so that every tensor lies on a multiple of its element size. Atomic, and
/// streamed: needs no second copy of the model in memory. Metadata from with_digest() get the digest put in.
/// Throws FileError; Bug for a repeated or reserved name.
FileDigest write_safetensors(const std::string& path, const NamedTensors& tensors,
                             const std::map<std::string, std::string>& metadata = {});

/// Reads all of such a file into new tensors on the CPU. Throws FileError when it cannot be read; DataError,
/// naming the file, for anything that is not exactly the format: truncated, bad header, unknown type, shape
/// and length that contradict each other, overlaps, holes, repeated names, a digest that does not fit.
Safetensors read_safetensors(const std::string& path);

}  // namespace muster::inline checkpoint
