#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace muster::inline links {

/// How the memory of one direction is cut into slots: a message travels in pieces of at most slot_bytes.
struct LaneShape {
  size_t slot_bytes = 0;  ///< a multiple of 64
  int slots = 0;          ///< at least 2
  bool operator==(const LaneShape&) const = default;
};

/// Describes the piece of a message in a slot. The pieces of a message follow each other; the first one
/// begins at its byte 0.
struct LanePiece {
  int tag = 0;
  uint64_t message_bytes = 0;
  uint64_t offset = 0;  ///< of the message
  uint64_t bytes = 0;
  bool given_up = false;  ///< nothing more comes of this message
};

/// A slot's cache line in shared memory, all zero at first.
struct alignas(64) SlotLine {
  std::atomic<uint64_t> number;  ///< of the piece in it, by which pieces are ordered: 1, 2, ...; 0: free
  LanePiece piece;
};
static_assert(sizeof(SlotLine) == 64 && std::atomic<uint64_t>::is_always_lock_free);

/// Where the slots of one direction lie.
struct Lane {
  SlotLine* lines = nullptr;
  std::byte* bytes = nullptr;
  LaneShape shape;

  std::byte* slot(int which) const { return bytes + static_cast<size_t>(which) * shape.slot_bytes; }
};

/// The writing end of a lane. Slots are freed in any order: one that is held does not block the others.
class LaneWriter {
 public:
  explicit LaneWriter(const Lane& lane) : lane_(lane) {}
  size_t slot_bytes() const { return lane_.shape.slot_bytes; }
  /// The first free slot: the slots used last are still in the caches.
  std::optional<int> free_slot() const;
  std::byte* slot(int which) const { return lane_.slot(which); }
  /// Hands what was written into the slot to the reader.
  void publish(int which, const LanePiece& piece);

 private:
  Lane lane_;
  uint64_t written_ = 0;
};

/// The reading end.
class LaneReader {
 public:
  explicit LaneReader(const Lane& lane) : lane_(lane) {}
  size_t slot_bytes() const { return lane_.shape.slot_bytes; }
  struct Found {
    int slot;
    LanePiece piece;  ///< as written: may hold anything where the writer is faulty
  };
  /// The next piece in order; each is returned once, and its slot is held until release().
  std::optional<Found> next();
  const std::byte* slot(int which) const { return lane_.slot(which); }
  void release(int which);
  /// The writer cannot go on: no slot is free, and there is no next piece.
  bool all_held() const { return held_ == lane_.shape.slots; }

 private:
  Lane lane_;
  uint64_t read_ = 0;
  int held_ = 0;
};

}  // namespace muster::inline links
