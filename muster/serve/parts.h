#pragma once

#include <cstdint>
#include <string_view>

namespace muster::inline serve {

/// Assembles a message that arrives in parts: all of `part_bytes`, the last one shorter or as long. Never
/// writes beyond `size` bytes, whatever arrives. The memory is the caller's.
class PartsReceiver {
 public:
  PartsReceiver(char* memory, int64_t size, int64_t part_bytes)
      : memory_(memory), size_(size), part_bytes_(part_bytes) {}

  /// Throws DataError for a part of another length than is due.
  void take(std::string_view part);
  bool complete() const { return received_ == size_; }
  int64_t received() const { return received_; }
  /// Throws DataError where something is missing, or the whole has another CRC-32C.
  void finish(uint32_t checksum) const;

 private:
  char* memory_;
  int64_t size_;
  int64_t part_bytes_;
  int64_t received_ = 0;
  uint32_t checksum_ = 0;
};

/// The next part of a message that is sent: nothing left gives an empty one.
class PartsSender {
 public:
  PartsSender(std::string_view message, int64_t part_bytes)
      : rest_(message), part_bytes_(static_cast<size_t>(part_bytes)) {}
  std::string_view next() {
    const std::string_view part = rest_.substr(0, part_bytes_);
    rest_.remove_prefix(part.size());
    return part;
  }

 private:
  std::string_view rest_;
  size_t part_bytes_;
};

}  // namespace muster::inline serve
