#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "muster/base/open_file.h"

namespace muster::inline asynchronous {

/// A record of a file of events, little-endian, its front and head twice so that damage of either is mended
/// from the other:
///
///   front, head, body, front of the copy, head
///
/// A front: u32 0x4352654D ("MeRC"), u32 kind (0 of an event, 2 of the text that a file begins with; their
/// copies 1 and 3), u64 number of the event, u64 bytes of the body, u32 bytes of the head, u32 CRC-32C of the
/// head, u32 CRC-32C of the body, u32 CRC-32C of these 36 bytes.
enum class RecordKind : uint32_t { event = 0, beginning = 2 };
struct RecordFront {
  static constexpr uint32_t its_mark = 0x4352654D;

  uint32_t mark = its_mark;
  uint32_t kind = 0;
  uint64_t number = 0;
  uint64_t body_bytes = 0;
  uint32_t head_bytes = 0;
  uint32_t head_checksum = 0;
  uint32_t body_checksum = 0;
  uint32_t own_checksum = 0;

  uint32_t checked() const;
  bool sound() const { return mark == its_mark && kind <= 3 && own_checksum == checked(); }
  bool is_copy() const { return kind % 2 == 1; }
  bool of_event() const { return kind < 2; }
  bool operator==(const RecordFront&) const = default;
};
static_assert(sizeof(RecordFront) == 40);

/// All bytes of a record but its body, which lies between them.
struct RecordEnvelope {
  std::string before, behind;
};
RecordEnvelope envelope_of(RecordKind kind, uint64_t number, std::string_view head, std::string_view body);

/// What was found where a record is expected.
struct FoundRecord {
  enum class State {
    none,          ///< the file ends here
    whole,         ///< `mended`: one of the two fronts or heads was damaged
    without_body,  ///< only its body is damaged
    unreadable     ///< cut off, or damaged in both heads
  };
  State state = State::none;
  bool mended = false;
  std::string head, body;
  int64_t end = 0;  ///< of the record; not for none and unreadable
};

/// Reads records at any position. Throws FileError.
class RecordFile {
 public:
  explicit RecordFile(const std::string& path);

  int64_t size() const { return size_; }
  /// `count` bytes from `position` on. REQUIRES: the file had them when it was opened. Throws DataError where
  /// it has become shorter since.
  std::string bytes(int64_t position, int64_t count) const;
  FoundRecord read(int64_t position, RecordKind kind, uint64_t number) const;
  /// The next sound front or copy at or behind `position` whose head is sound too; its place and number.
  struct Heading {
    int64_t position = 0;
    RecordFront front;
    std::string head;
  };
  std::optional<Heading> next_heading(int64_t position) const;

 private:
  std::optional<RecordFront> front_at(int64_t position) const;
  std::optional<RecordFront> front_by_copy(int64_t position, RecordKind kind, uint64_t number) const;
  std::optional<std::string> head_at(int64_t position, const RecordFront& front) const;
  bool fits(int64_t position, const RecordFront& front) const;

  OpenFile file_;
  int64_t size_ = 0;
};

}  // namespace muster::inline asynchronous
