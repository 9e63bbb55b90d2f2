#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace muster::inline base {

/// XXH64 with seed 0 (Collet, "xxHash fast digest algorithm", version 0.1.1; computed by libxxhash), fed in
/// pieces. 64 bits detect accidental damage; no protection against tampering.
class Checksum {
 public:
  Checksum();
  Checksum(const Checksum& other);
  Checksum& operator=(const Checksum& other);
  ~Checksum();

  void add(const void* data, size_t bytes);
  /// The checksum of everything added so far.
  uint64_t value() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What a file held when it was written or read.
struct FileDigest {
  int64_t bytes = 0;
  uint64_t checksum = 0;
  bool operator==(const FileDigest&) const = default;
};

}  // namespace muster::inline base
