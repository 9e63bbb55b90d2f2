#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace muster {

/// XXH64 with seed 0 (Collet, "xxHash fast digest algorithm", version 0.1.1), fed in pieces. 64 bits against
/// damage by accident; no protection against intent.
class Checksum {
 public:
  void add(const void* data, size_t bytes);
  /// Of everything added so far.
  uint64_t value() const;

 private:
  static constexpr uint64_t prime1 = 0x9E3779B185EBCA87ULL;
  static constexpr uint64_t prime2 = 0xC2B2AE3D27D4EB4FULL;

  void stripe(const unsigned char* data);

  std::array<uint64_t, 4> lanes_ = {prime1 + prime2, prime2, 0, 0 - prime1};
  std::array<unsigned char, 32> waiting_{};  ///< the last bytes, less than a stripe
  uint64_t total_ = 0;
};

/// What a file held when it was written or read.
struct FileDigest {
  int64_t bytes = 0;
  uint64_t checksum = 0;
  bool operator==(const FileDigest&) const = default;
};

}  // namespace muster
