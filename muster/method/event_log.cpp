#include "muster/method/event_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "muster/base/error.h"
#include "muster/report/crc32c.h"

namespace muster {

namespace {

constexpr std::string_view magic = "muster events 1\n";

/// Before every record: bytes of its head and of its body, checksum of both, checksum of these.
struct RecordFront {
  uint32_t head_bytes = 0;
  uint32_t checksum = 0;
  uint64_t body_bytes = 0;
  uint32_t unused = 0;
  uint32_t own_checksum = 0;
  uint32_t checked() const {
    return crc32c({reinterpret_cast<const char*>(this), offsetof(RecordFront, own_checksum)});
  }
};
static_assert(sizeof(RecordFront) == 24);

[[noreturn]] void fail(const std::string& what, const std::string& path) {
  throw FileError(what + " '" + path + "': " + std::strerror(errno));
}

void write_all(int descriptor, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("cannot write", path);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

void write_record(int descriptor, std::string_view head, std::string_view body, const std::string& path) {
  RecordFront front{.head_bytes = static_cast<uint32_t>(head.size()),
                    .checksum = crc32c(body, crc32c(head)),
                    .body_bytes = body.size()};
  front.own_checksum = front.checked();
  std::string start(reinterpret_cast<const char*>(&front), sizeof front);
  start += head;
  write_all(descriptor, start, path);
  write_all(descriptor, body, path);
}

int64_t record_bytes(std::string_view head, std::string_view body) {
  return static_cast<int64_t>(sizeof(RecordFront) + head.size() + body.size());
}

}  // namespace

EventLogWriter::EventLogWriter(const std::string& path, const std::string& identity)
    : EventLogWriter(path, ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), 0) {
  if (descriptor_ < 0) fail("cannot write", path);
  write_all(descriptor_, magic, path);
  write_record(descriptor_, identity, {}, path);
  position_ = static_cast<int64_t>(magic.size()) + record_bytes(identity, {});
}

EventLogWriter::EventLogWriter(std::string path, int descriptor, int64_t position)
    : path_(std::move(path)), descriptor_(descriptor), position_(position) {}

EventLogWriter::EventLogWriter(EventLogWriter&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      position_(other.position_) {}

EventLogWriter::~EventLogWriter() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

EventLogWriter EventLogWriter::reopen_at(const std::string& path, int64_t bytes) {
  EventLogWriter log(path, ::open(path.c_str(), O_WRONLY | O_CLOEXEC), bytes);
  struct stat status {};
  if (log.descriptor_ < 0 || ::fstat(log.descriptor_, &status) != 0) fail("cannot write", path);
  if (status.st_size < bytes)
    throw FileError("'" + path + "' holds fewer than the " + std::to_string(bytes) + " bytes it had");
  if (::ftruncate(log.descriptor_, bytes) != 0 || ::lseek(log.descriptor_, bytes, SEEK_SET) != bytes)
    fail("cannot write", path);
  return log;
}

void EventLogWriter::append(const ServerEvent& event) {
  const EncodedEvent encoded = encode(event);
  const std::string_view body = encoded.body_bytes();
  try {
    write_record(descriptor_, encoded.head, body, path_);
  } catch (const FileError&) {
    if (::ftruncate(descriptor_, position_) == 0) ::lseek(descriptor_, position_, SEEK_SET);
    throw;
  }
  position_ += record_bytes(encoded.head, body);
}

void EventLogWriter::sync() {
  if (::fdatasync(descriptor_) != 0) fail("cannot flush", path_);
}

EventLogReader::EventLogReader(const std::string& path)
    : path_(path), descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  struct stat status {};
  if (descriptor_ < 0 || ::fstat(descriptor_, &status) != 0) {
    const int problem = errno;
    if (descriptor_ >= 0) ::close(descriptor_);
    errno = problem;
    fail("cannot read", path);
  }
  size_ = status.st_size;
  const bool long_enough = size_ >= static_cast<int64_t>(magic.size() + sizeof(RecordFront));
  if (long_enough && bytes(static_cast<int64_t>(magic.size())) == magic) {
    const std::string start = bytes(sizeof(RecordFront));
    RecordFront front;
    std::memcpy(&front, start.data(), sizeof front);
    if (front.own_checksum == front.checked() && front.body_bytes == 0 &&
        position_ + int64_t{front.head_bytes} <= size_) {
      identity_ = bytes(front.head_bytes);
      if (crc32c(identity_) == front.checksum) return;
    }
  }
  ::close(descriptor_);
  throw DataError("'" + path + "' is no file of events of an asynchronous run");
}

EventLogReader::~EventLogReader() { ::close(descriptor_); }

std::string EventLogReader::bytes(int64_t count) {
  std::string read(static_cast<size_t>(count), '\0');
  size_t done = 0;
  while (done < read.size()) {
    const ssize_t got =
        ::pread(descriptor_, read.data() + done, read.size() - done, position_ + static_cast<int64_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("cannot read", path_);
    if (got == 0) throw DataError("'" + path_ + "' became shorter while it was read");
    done += static_cast<size_t>(got);
  }
  position_ += count;
  return read;
}

bool EventLogReader::only_zeros_from(int64_t position) {
  constexpr int64_t at_a_time = 1 << 20;
  for (position_ = position; position_ < size_;)
    if (bytes(std::min(at_a_time, size_ - position_)).find_first_not_of('\0') != std::string::npos)
      return false;
  return true;
}

std::optional<ServerEvent> EventLogReader::next() {
  const int64_t start = position_;
  const auto cut_off = [&]() -> std::optional<ServerEvent> {
    position_ = start;
    return std::nullopt;
  };
  const auto damaged = [&] {
    throw DataError("'" + path_ + "' is damaged in the record at byte " + std::to_string(start));
  };
  if (size_ - position_ < static_cast<int64_t>(sizeof(RecordFront))) return cut_off();
  const std::string text = bytes(sizeof(RecordFront));
  RecordFront front;
  std::memcpy(&front, text.data(), sizeof front);
  if (front.own_checksum != front.checked()) {
    if (only_zeros_from(start)) return cut_off();
    damaged();
  }
  const int64_t left = size_ - position_;
  if (front.head_bytes > left || front.body_bytes > static_cast<uint64_t>(left - front.head_bytes))
    return cut_off();
  const std::string head = bytes(front.head_bytes);
  const std::string body = bytes(static_cast<int64_t>(front.body_bytes));
  if (crc32c(body, crc32c(head)) != front.checksum) {
    if (position_ == size_) return cut_off();
    damaged();
  }
  return decode_event(head, body);
}

int64_t replay(EventLogReader& log, AsyncServer& server) {
  int64_t events = 0;
  for (; const auto event = log.next(); ++events) server.apply(*event);
  return events;
}

}  // namespace muster
