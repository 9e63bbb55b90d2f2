#include "muster/asynchronous/event_log.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "muster/base/error.h"

namespace muster::inline asynchronous {

namespace {

constexpr std::string_view magic = "muster events 2\n";
constexpr std::string_view magic_of_version_1 = "muster events 1\n";

/// Returns how many bytes it has.
int64_t write_record(OpenFile& file, RecordKind kind, uint64_t number, std::string_view head,
                     std::string_view body) {
  const RecordEnvelope envelope = envelope_of(kind, number, head, body);
  for (const std::string_view part :
       {std::string_view(envelope.before), body, std::string_view(envelope.behind)})
    file.write(part);
  return static_cast<int64_t>(envelope.before.size() + body.size() + envelope.behind.size());
}

}  // namespace

EventLogWriter::EventLogWriter(const std::string& path, const std::string& identity, uint64_t first)
    : file_(path, OpenFor::replacing), number_(first) {
  file_.write(magic);
  position_ =
      static_cast<int64_t>(magic.size()) + write_record(file_, RecordKind::beginning, first, identity, {});
}

void EventLogWriter::append(const ServerEvent& event) {
  const EncodedEvent encoded = encode(event);
  try {
    position_ += write_record(file_, RecordKind::event, number_, encoded.head, encoded.body_bytes());
  } catch (const FileError&) {
    undo_write();
    throw;
  }
  ++number_;
}

// Best effort: a record that stays in part is not promised, and left out when the file is read.
void EventLogWriter::undo_write() {
  try {
    file_.cut(position_);
  } catch (const FileError&) {
    // The failure of the write counts.
  }
}

void EventLogWriter::sync() { file_.flush_data(); }

EventLogReader::EventLogReader(const std::string& path, const EventLogReading& reading)
    : path_(path), reading_(reading), file_(path) {
  const auto start = static_cast<int64_t>(magic.size());
  const std::string begins = file_.bytes(0, std::min(start, file_.size()));
  if (begins == magic_of_version_1)
    throw DataError(
        "'" + path +
        "' is of format 1, which muster 0.1.0 wrote: continue with that version, or start again in "
        "another folder");
  const auto heading = file_.next_heading(start);
  const FoundRecord record = heading && !heading->front.of_event()
                                 ? file_.read(start, RecordKind::beginning, heading->front.number)
                                 : FoundRecord{};
  if (record.state != FoundRecord::State::whole)
    throw DataError("'" + path +
                    "' is no file of events of an asynchronous run, or its beginning is damaged");
  if (record.mended || begins != magic) ++mended_;
  identity_ = record.head;
  position_ = record.end;
  first_ = number_ = heading->front.number;
}

void EventLogReader::fail(const std::string& what) const {
  throw DataError("'" + path_ + "' " + what + " (event " + std::to_string(number_) + ", at byte " +
                  std::to_string(position_) + " of " + std::to_string(file_.size()) + ")");
}

bool EventLogReader::promised_here() const {
  if (reading_.promised) return number_ < *reading_.promised;
  for (auto heading = file_.next_heading(position_); heading;
       heading = file_.next_heading(heading->position + 1))
    if (heading->front.of_event() && heading->front.number > number_) return true;
  return false;
}

std::optional<ServerEvent> EventLogReader::torn() {
  torn_bytes_ = file_.size() - position_;
  ended_ = true;
  return std::nullopt;
}

std::optional<ServerEvent> EventLogReader::cut_off() {
  for (LostEvent& one : events_behind(file_, position_, number_, reading_.promised.value_or(UINT64_MAX)))
    lost_.push_back(one);
  cut_ = ended_ = true;
  return std::nullopt;
}

std::optional<ServerEvent> EventLogReader::next() {
  using Found = FoundRecord::State;
  if (ended_) return std::nullopt;
  FoundRecord record = file_.read(position_, RecordKind::event, number_);
  if (record.state == Found::none && !(reading_.promised && number_ < *reading_.promised)) return torn();
  if (record.state != Found::whole && !promised_here()) return torn();
  if (record.state == Found::none || record.state == Found::unreadable) {
    if (reading_.recover) return cut_off();
    fail(record.state == Found::none ? "ends before an event that was promised" : "is damaged");
  }
  std::optional<ServerEvent> event;
  if (record.state == Found::without_body) {
    const auto dropped = without_vector(record.head);
    if (!reading_.recover) fail("is damaged in the vector of a contribution");
    if (!dropped) return cut_off();
    lost_.push_back({number_, dropped, false});
    event = *dropped;
  } else {
    event = decode_event(record.head, record.body);
  }
  if (record.mended) ++mended_;
  position_ = record.end;
  ++number_;
  return event;
}

std::vector<LostEvent> events_behind(const RecordFile& file, int64_t position, uint64_t number,
                                     uint64_t promised) {
  std::vector<LostEvent> all;
  const auto unreadable_until = [&](uint64_t end) {
    for (; number < end; ++number) all.push_back({number, std::nullopt, false});
  };
  for (auto heading = file.next_heading(position); heading;
       heading = file.next_heading(heading->position + 1)) {
    const uint64_t found = heading->front.number;
    if (!heading->front.of_event() || found < number || found >= promised) continue;
    unreadable_until(found);
    all.push_back({number++, without_vector(heading->head), true});
  }
  if (promised != UINT64_MAX) unreadable_until(promised);
  return all;
}

int64_t replay(EventLogReader& log, AsyncServer& server) {
  int64_t events = 0;
  for (; const auto event = log.next(); ++events) server.apply(*event);
  return events;
}

}  // namespace muster::inline asynchronous
