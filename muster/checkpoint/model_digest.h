#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "muster/base/checksum.h"

namespace muster::inline checkpoint {

// A model's file carries a digest of its content in its metadata: "xxh64", sixteen hexadecimal digits, over
// the names, types, shapes and bytes of all tensors and all other metadata. So a flipped bit is found by
// whoever reads the file, and a program that writes the same content in another order keeps it right.
// "format_version" says that a digest belongs to the file.

constexpr std::string_view digest_key = "xxh64";

using Metadata = std::map<std::string, std::string>;

/// Metadata that make write_safetensors() put the digest in.
Metadata with_digest(Metadata metadata);

/// The digest of a file, tensor by tensor in any order. docs/checkpoint_format.md has the text that it is the
/// XXH64 of.
class ModelDigest {
 public:
  void add(const std::string& name, std::string_view type, const std::vector<int64_t>& shape,
           const Checksum& bytes);
  std::string digits(const Metadata& metadata) const;

 private:
  std::map<std::string, std::string> tensors_;
};

/// Whether the metadata of the file at `path` promise a digest; those of other programs and of version 0.1.0
/// do not. Throws DataError when they promise one and hold none.
bool promises_digest(const Metadata& metadata, const std::string& path);

/// REQUIRES: promises_digest(). Throws DataError when the content does not come to what was promised.
void require_promised(const ModelDigest& digest, const Metadata& metadata, const std::string& path);

}  // namespace muster::inline checkpoint
