#include "muster/asynchronous/event_record.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "muster/base/crc32c.h"
#include "muster/base/error.h"

namespace muster::inline asynchronous {

namespace {

constexpr auto front_bytes = static_cast<int64_t>(sizeof(RecordFront));

std::string_view as_bytes(const RecordFront& front) {
  return {reinterpret_cast<const char*>(&front), sizeof front};
}

int64_t end_of(int64_t position, const RecordFront& front) {
  return position + 2 * (front_bytes + front.head_bytes) + static_cast<int64_t>(front.body_bytes);
}

}  // namespace

uint32_t RecordFront::checked() const { return crc32c(as_bytes(*this).substr(0, 36)); }

RecordEnvelope envelope_of(RecordKind kind, uint64_t number, std::string_view head, std::string_view body) {
  RecordFront front{.number = number,
                    .body_bytes = body.size(),
                    .head_bytes = static_cast<uint32_t>(head.size()),
                    .head_checksum = crc32c(head),
                    .body_checksum = crc32c(body)};
  RecordEnvelope envelope;
  for (auto* part : {&envelope.before, &envelope.behind}) {
    front.kind = static_cast<uint32_t>(kind) + (part == &envelope.behind ? 1 : 0);
    front.own_checksum = front.checked();
    part->append(as_bytes(front)).append(head);
  }
  return envelope;
}

RecordFile::RecordFile(const std::string& path) : file_(path, OpenFor::reading), size_(file_.size()) {}

std::string RecordFile::bytes(int64_t position, int64_t count) const {
  std::string read(static_cast<size_t>(count), '\0');
  if (file_.read_at(position, read.data(), read.size()) < read.size())
    throw DataError("'" + file_.path() + "' became shorter while it was read");
  return read;
}

bool RecordFile::fits(int64_t position, const RecordFront& front) const {
  const int64_t left = size_ - position - 2 * (front_bytes + int64_t{front.head_bytes});
  return left >= 0 && front.body_bytes <= static_cast<uint64_t>(left);
}

std::optional<RecordFront> RecordFile::front_at(int64_t position) const {
  if (position < 0 || size_ - position < front_bytes) return std::nullopt;
  const std::string text = bytes(position, front_bytes);
  RecordFront front;
  std::memcpy(&front, text.data(), sizeof front);
  return front.sound() ? std::optional(front) : std::nullopt;
}

std::optional<std::string> RecordFile::head_at(int64_t position, const RecordFront& front) const {
  if (position < 0 || size_ - position < int64_t{front.head_bytes}) return std::nullopt;
  std::string head = bytes(position, front.head_bytes);
  return crc32c(head) == front.head_checksum ? std::optional(std::move(head)) : std::nullopt;
}

std::optional<RecordFile::Heading> RecordFile::next_heading(int64_t position) const {
  constexpr int64_t at_a_time = 1 << 20;
  constexpr auto overlap = static_cast<int64_t>(sizeof(RecordFront::mark)) - 1;
  const std::string mark(as_bytes(RecordFront{}).substr(0, sizeof(RecordFront::mark)));
  while (position < size_) {
    const std::string piece = bytes(position, std::min(at_a_time, size_ - position));
    for (size_t at = piece.find(mark); at != std::string::npos; at = piece.find(mark, at + 1)) {
      const int64_t place = position + static_cast<int64_t>(at);
      const auto front = front_at(place);
      if (!front) continue;
      if (auto head = head_at(place + front_bytes, *front)) return Heading{place, *front, *std::move(head)};
    }
    position += static_cast<int64_t>(piece.size());
    if (position < size_) position -= overlap;
  }
  return std::nullopt;
}

// The copy of a front gives the record's length: it belongs to this record if it is where that length puts
// it.
std::optional<RecordFront> RecordFile::front_by_copy(int64_t position, RecordKind kind,
                                                     uint64_t number) const {
  for (auto found = next_heading(position + 1); found; found = next_heading(found->position + 1)) {
    RecordFront front = found->front;
    if (front.number > number) return std::nullopt;
    if (front.kind != static_cast<uint32_t>(kind) + 1 || front.number != number) continue;
    if (position + front_bytes + int64_t{front.head_bytes} + static_cast<int64_t>(front.body_bytes) !=
        found->position)
      continue;
    return front;
  }
  return std::nullopt;
}

FoundRecord RecordFile::read(int64_t position, RecordKind kind, uint64_t number) const {
  using State = FoundRecord::State;
  FoundRecord found;
  if (position >= size_) return found;
  found.state = State::unreadable;
  auto front = front_at(position);
  if (!front || front->kind != static_cast<uint32_t>(kind) || front->number != number) {
    front = front_by_copy(position, kind, number);
    found.mended = true;
  }
  if (!front || !fits(position, *front)) return found;
  const int64_t body_at = position + front_bytes + int64_t{front->head_bytes};
  const int64_t copy_at = body_at + static_cast<int64_t>(front->body_bytes);
  auto head = head_at(position + front_bytes, *front);
  auto second = head_at(copy_at + front_bytes, *front);
  if (!head && !second) return found;
  RecordFront expected = *front;
  expected.kind = static_cast<uint32_t>(kind) + 1;
  expected.own_checksum = expected.checked();
  const auto copy = front_at(copy_at);
  if (!head || !second || !copy || !(*copy == expected)) found.mended = true;
  found.head = head ? *std::move(head) : *std::move(second);
  found.body = bytes(body_at, static_cast<int64_t>(front->body_bytes));
  found.end = end_of(position, *front);
  found.state = crc32c(found.body) == front->body_checksum ? State::whole : State::without_body;
  return found;
}

}  // namespace muster::inline asynchronous
